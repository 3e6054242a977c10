"""Reads a request of the national interface as hospitals' programs really send it.

UTF-8 or, as machines set to Chinese send it, GB18030; numbers as text and text as numbers; null and "" for what is not
there. What can't be read is told in Chinese, with the field and what to do about it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from events.codes import is_id
from infra.gateway.national.call import NationalRefused

LONGEST_BYTES = 10 * 1024 * 1024
LONGEST_CODE, LONGEST_MSGID = 12, 64
_LONGEST_TEXT = 200
_LONGEST_SIGNATURE = 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: ``input`` is an object, or an encrypted text; ``input_text`` is how it stands in the request."""

    infno: str
    msgid: str
    fixmedins_code: str
    opter: str
    opter_name: str
    insuplc_admdvs: str
    mdtrtarea_admvs: str
    cainfo: str
    input: Mapping[str, Any] | str
    input_text: str


def read_envelope(raw: bytes) -> Envelope:
    """Read a request. Raises ``NationalRefused``."""
    if len(raw) > LONGEST_BYTES:
        raise NationalRefused("报文超过10MB，请减少每批明细条数后分批上传")
    text = _decoded(raw)
    whole = read_object(text, "报文")
    infno = _code(whole, "infno", "交易编号")
    if len(infno) > 6:
        raise NationalRefused("infno（交易编号）应为4至6位，如 2401")
    msgid = _code(whole, "msgid", "发送方报文ID", LONGEST_MSGID)
    fixmedins_code = _code(whole, "fixmedins_code", "定点医药机构编号")
    found = whole.get("input")
    if isinstance(found, Mapping):
        content: Mapping[str, Any] | str = without_blanks(found)
    elif isinstance(found, str) and found.strip():
        content = found.strip()
    else:
        raise NationalRefused("input（交易输入）缺失或不是对象，请按接口规范填写")
    return Envelope(
        infno=infno,
        msgid=msgid,
        fixmedins_code=fixmedins_code,
        opter=_text(whole, "opter"),
        opter_name=_text(whole, "opter_name"),
        insuplc_admdvs=_text(whole, "insuplc_admdvs"),
        mdtrtarea_admvs=_text(whole, "mdtrtarea_admvs"),
        cainfo=_text(whole, "cainfo", _LONGEST_SIGNATURE),
        input=content,
        input_text=member_text(text, "input"),
    )


def read_object(text: str, what: str) -> dict[str, Any]:
    """A JSON object, fractions as Decimals. Raises ``NationalRefused``."""
    try:
        whole = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise NationalRefused(f"{what}不是JSON：第{error.lineno}行第{error.colno}列有误，请检查报文格式") from None
    except RecursionError:
        raise NationalRefused(f"{what}嵌套过深，无法读取") from None
    except (ValueError, ArithmeticError):  # thousands of digits, an exponent out of range
        raise NationalRefused(f"{what}中有位数过多的数字，无法读取") from None
    if not isinstance(whole, dict):
        raise NationalRefused(f"{what}应为JSON对象")
    try:
        text.encode()
        if "\\u" in text:
            json.dumps(whole, ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, RecursionError):
        raise NationalRefused(f"{what}含无法识别的字符（半个代理对），请检查后重发") from None
    if "\x00" in text or "\\u0000" in text:
        raise NationalRefused(f"{what}含空字符（\\u0000），请去掉后重发")
    return whole


def without_blanks(value: Any) -> Any:
    """A node without what is null or empty, and texts without blanks around them."""
    if isinstance(value, Mapping):
        kept = {name: without_blanks(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if not _is_blank(each)}
    if isinstance(value, list):
        return [each for each in map(without_blanks, value) if not _is_blank(each)]
    return value.strip() if isinstance(value, str) else value


def member_text(text: str, name: str) -> str:
    """How the value of an object's member stands in its JSON, blanks and escapes included; of several the last."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    place, found = text.index("{") + 1, ""
    while True:
        place = _after_blanks(text, place)
        if text[place] == "}":
            return found
        key, place = decoder.raw_decode(text, place)
        begins = _after_blanks(text, _after_blanks(text, place) + 1)
        _, place = decoder.raw_decode(text, begins)
        if key == name:
            found = text[begins:place]
        place = _after_blanks(text, place)
        if text[place] == ",":
            place += 1


def _after_blanks(text: str, place: int) -> int:
    while text[place] in " \t\r\n":
        place += 1
    return place


def _decoded(raw: bytes) -> str:
    if not raw.strip():
        raise NationalRefused("请求没有内容，请发送JSON报文")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NationalRefused("报文编码无法识别，请用UTF-8（或GBK）编码")


def _text(whole: Mapping[str, Any], name: str, longest: int = _LONGEST_TEXT) -> str:
    """A field of the envelope as text; numbers are taken, and what is not there is empty."""
    value = whole.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NationalRefused(f"{name} 应为文字")
    text = str(value).strip()
    if len(text) > longest:
        raise NationalRefused(f"{name} 过长，至多{longest}个字符")
    return text


def _code(whole: Mapping[str, Any], name: str, chinese: str, longest: int = 30) -> str:
    text = _text(whole, name)
    if not text:
        raise NationalRefused(f"{name}（{chinese}）缺失，请填写后重发")
    if not is_id(text) or len(text) > longest:
        raise NationalRefused(f"{name}（{chinese}）只能含字母、数字、- 和 _，至多{longest}位")
    return text


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _no_number(_: str) -> NoReturn:
    raise ValueError("no JSON number")
