"""The file of 3202: lines of TAB-separated text in a zip, ``null`` where nothing is; read with bounds, and written."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from infra.gateway.national.call import NationalRefused
from infra.gateway.national.fields import fen_of

MOST_TEXT = 20 * 1024 * 1024
"""Bytes of a file's text, however small its zip is."""
MOST_LINES = 100_000
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What is unpacked no further than it is read: Python's bzip2 and LZMA unpack all at once."""
_ENCRYPTED = 1
_COLUMNS = 6
"""A line has at least these: setl_id, mdtrt_id, psn_no, medfee_sumamt, fund_pay_sumamt, acct_pay."""
_LONGEST_ID = 30
_EMPTY = ("", "null", "NULL")


class HospitalLine(Struct, frozen=True):
    """A line as a hospital states it: fen, None where it states nothing."""

    number: int
    setl_id: str
    mdtrt_id: str | None
    psn_no: str | None
    total: int | None
    funds: int | None
    account: int | None
    refund: bool


def zipped_text(content: bytes) -> bytes:
    """The text of a zip with one file. Raises ``NationalRefused``.

    Nothing is written to a disk, so a name inside can lead nowhere; one with a path is refused all the same.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = [each for each in archive.infolist() if not each.is_dir()]
            if len(inner) != 1:
                raise NationalRefused(f"压缩文件应只含一个文本文件，实有 {len(inner)} 个：请重新压缩后上传(9101)")
            (entry,) = inner
            if "/" in entry.filename or "\\" in entry.filename or ".." in entry.filename:
                raise NationalRefused("压缩文件内的文件名不得带路径：请直接压缩该文件后上传(9101)")
            if entry.flag_bits & _ENCRYPTED:
                raise NationalRefused("压缩文件不得加密：请去掉密码后上传(9101)")
            if entry.compress_type not in _BOUNDED:
                raise NationalRefused("压缩文件须以通常的方式(deflate)压缩：请重新压缩后上传(9101)")
            with archive.open(entry) as opened:
                text = opened.read(MOST_TEXT + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zipfile.LargeZipFile, zlib.error):
        raise NationalRefused("文件不是完好的zip压缩文件：请按接口规范压缩后上传(9101)") from None
    if len(text) > MOST_TEXT:
        raise NationalRefused("文件解压后超过20MB：请缩短对账区间，分次上传")
    return text


def hospital_lines(content: bytes) -> list[HospitalLine]:
    """The lines of a zip file; raises ``NationalRefused``, which names the first line that can't be read."""
    raw = zipped_text(content)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    if text.count("\n") > MOST_LINES + 1:
        raise NationalRefused(f"文件超过 {MOST_LINES} 行：请缩短对账区间，分次上传")
    found: list[HospitalLine] = []
    for number, written in enumerate(text.split("\n"), start=1):
        if not written.strip() or (number == 1 and written.strip().lower().startswith("setl_id")):
            continue
        if len(found) == MOST_LINES:
            raise NationalRefused(f"文件超过 {MOST_LINES} 行：请缩短对账区间，分次上传")
        found.append(_line(number, [_cell(each) for each in written.split("\t", _COLUMNS + 1)]))
    return found


def zipped(name: str, rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as the text of a zip, None as ``null``."""
    text = "".join("\t".join("null" if each is None else str(each) for each in row) + "\n" for row in rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _cell(written: str) -> str | None:
    cell = written.strip()
    return None if cell in _EMPTY else cell


def _line(number: int, cells: Sequence[str | None]) -> HospitalLine:
    if len(cells) < _COLUMNS or cells[0] is None or len(cells[0]) > _LONGEST_ID:
        raise NationalRefused(
            f"文件第 {number} 行有误：应以TAB分隔，依次为 setl_id、mdtrt_id、psn_no、medfee_sumamt、fund_pay_sumamt、"
            "acct_pay、refd_setl_flag，空值写 null"
        )
    total, funds, account = (_amount(number, cell) for cell in cells[3:_COLUMNS])
    flag = cells[_COLUMNS] if len(cells) > _COLUMNS else None
    # a file without the flag tells a refund by its amount
    refund = flag == "1" if flag is not None else (total or 0) < 0
    return HospitalLine(number, cells[0], cells[1], cells[2], total, funds, account, refund)


def _amount(number: int, cell: str | None) -> int | None:
    try:
        return None if cell is None else fen_of(cell)
    except ValueError as error:
        raise NationalRefused(f"文件第 {number} 行的金额“{cell[:20] if cell else ''}”有误，{error}") from None
