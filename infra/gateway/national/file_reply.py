"""What is answered of files, and files as they come in."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from infra.gateway.national.call import Call, NationalRefused
from processors.visits.statement_files import StatementFile, file_number

LONGEST_FILE = 7 * 1024 * 1024
"""Bytes of an uploaded file: what a request of 10 MB holds of it as base64."""
_BYTE = 256


@dataclass(frozen=True, slots=True)
class FileContent:
    """What 9102 answers: the file itself in the place of a document."""

    content: bytes


def uploaded_bytes(given: Any) -> bytes:
    """A file as programs send it: base64, or bytes, from -128 as Java has them. Raises ``NationalRefused``."""
    try:
        if isinstance(given, str):
            found = base64.b64decode(given, validate=True)
        elif isinstance(given, list):
            found = bytes(each % _BYTE for each in given if -_BYTE // 2 <= each < _BYTE)
        else:
            raise TypeError
    except (binascii.Error, TypeError, ValueError):
        raise NationalRefused("in（文件内容）应为文件字节的base64文本或字节数组：请改正后重发") from None
    if not found or (isinstance(given, list) and len(found) != len(given)):
        raise NationalRefused("in（文件内容）为空，或字节数组中有不是字节的数：请改正后重发")
    if len(found) > LONGEST_FILE:
        raise NationalRefused("文件超过7MB：请缩短对账区间，分次上传")
    return found


def file_of(call: Call, kind: str, content: bytes, filename: str = "") -> StatementFile:
    """A zip file that a transaction brings or makes; without a name it is called by its number."""
    number = file_number(call.fixmedins_code, call.number)
    return StatementFile(
        file_qury_no=number,
        fixmedins_code=call.fixmedins_code,
        filename=filename or f"{number}.zip",
        kind=kind,
        content=content,
        msgid=call.msgid,
        opter=call.opter,
        at=call.received_at,
    )
