"""Departments' files, CSV and workbooks, are read the same whoever wrote them."""

import contextlib
import io
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from infra.files.roster_file import read_file
from infra.files.text_file import UnusableFile, csv_bytes
from processors.rosters.list_comparison import compare_list
from processors.rosters.lists import Membership, read_list
from processors.rosters.memberships import DepartmentStatement
from tests.rosters import HEADINGS, OURS, said


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_reads_the_same_in_every_encoding(encoding: str, delimiter: str) -> None:
    text = f"2019年6月名单\n{HEADINGS}P1,低保对象,2019-05-01\n\nP2,orphan,\n".replace(",", delimiter)
    read = read_list(read_file(text.encode(encoding)).rows)
    assert read.listed == {("P1", "dibao"): date(2019, 5, 1), ("P2", "orphan"): None}
    assert read.rows["P2", "orphan"].place == "第5行 row 5"


def test_english_headings_in_any_order() -> None:
    rows = read_file(b"name,Category,person_id\nsomebody,dibao,P1\n")
    assert read_list(rows.rows).listed == {("P1", "dibao"): None}


def test_every_sheet_of_a_workbook_is_read() -> None:
    headings = ["参保人编号", "救助对象类别", "生效日期"]
    content = workbook(
        [["名单"], headings, ["P1", "低保对象", datetime(2019, 5, 1)]],  # noqa: DTZ001 - a spreadsheet's dates have none
        [headings, [1001, "孤儿", "2019/5/2"], [123456789012345678, "孤儿", None]],
        [],
    )
    read = read_list(read_file(content).rows)
    assert read.listed == {("P1", "dibao"): date(2019, 5, 1), ("1001", "orphan"): date(2019, 5, 2)}
    assert [(row.place, row.reason) for row in read.refused] == [("S1 第3行 row 3", "bad_person_id")]


@pytest.mark.parametrize(
    ("number", "form", "taken"),
    [
        (1, "00000", "00001"),
        (1.0, "00000", "00001"),
        (123456, "00000", "123456"),
        (1, "00000_ ", "00001"),  # as WPS and Excel write it for alignment
        (1, "00000;-00000", "00001"),
        (1001, "General", "1001"),
        (1001, "@", "1001"),
        (1001, "0", "1001"),
        (1001, "#,##0", None),  # 1,001
        (1001, "0.00", None),
        (123456789012, "0.00E+00", None),
        (1001, "000-000", None),
        (1001, '"P"00000', None),
        (0, "0;-0;;@", None),  # shown as nothing
        (-1, "00000", None),
    ],
)
def test_a_number_is_the_id_that_its_cell_shows(number: float, form: str, taken: str | None) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["参保人编号", "救助对象类别"])
    sheet.append([number, "低保对象"])
    sheet["A2"].number_format = form
    packed = io.BytesIO()
    book.save(packed)
    read = read_list(read_file(packed.getvalue()).rows)
    assert [person_id for person_id, _ in read.listed] == ([] if taken is None else [taken])
    # who can't be told may be anybody: nobody is removed
    assert [(row.reason, row.person_id) for row in read.refused] == ([("bad_person_id", None)] if taken is None else [])


def test_a_list_without_headings_takes_nobody_off_the_roster() -> None:
    """Whom its rows name is unknown; a sheet that is no list is passed over, and both are named."""
    content = workbook(
        [["参保人编号", "救助对象类别"], ["P1", "dibao"]],
        [["P2", "dibao"]],
        [["填表说明"], ["类别", "1", "低保对象"]],
    )
    file = read_file(content)
    read = read_list(file.rows)
    assert (read.listed, read.unreadable) == ({("P1", "dibao"): None}, 1)
    assert [(row.place, row.reason) for row in read.refused] == [("S1 工作表 sheet S1", "no_headings")]
    assert [(sheet.title, sheet.use) for sheet in file.sheets] == [
        *(("S0", "read"), ("S1", "no_headings"), ("S2", "no_headings")),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P1,dibao\n",
        b"person_id,name\nP1,A\n",
        b"person_id,category,category\nP1,dibao,orphan\n",
        b"\xff\xfe\x00\x01\x80",
        b"PK\x03\x04 cut off",
        b"\xd0\xcf\x11\xe0 old",
        HEADINGS.encode("utf-16"),
        '参保人编号,救助对象类别,"生效日期\nP1,低保对象,\nP2,低保对象,"x"\n'.encode(),
    ],
)
def test_what_is_no_list_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(UnusableFile):
        read_file(content)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    with contextlib.suppress(UnusableFile):
        read_list(read_file(content).rows)


REGISTERED = {number: f"P{number:03},建档立卡贫困人口," for number in range(1, 101)}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", [{}, {97: 'P097,"建档立卡贫困人口",'}, {97: 'P097,建档立卡贫困人口,"2019-06-01'}])
def test_a_stray_quote_takes_nobody_off_the_roster(ending: str, closing: dict[int, str]) -> None:
    lines = REGISTERED | {95: 'P095,"建档立卡贫困人口'} | closing
    read = read_list(read_file((HEADINGS.replace("\n", ending) + ending.join(lines.values())).encode()).rows)
    first, *more = read.refused
    assert (first.place, first.reason, first.person_id) == ("第96行 row 96", "broken_row", None)
    assert [row.place for row in more] == (["第98行 row 98"] if "2019" in closing.get(97, "") else [])
    good = {f"P{number:03}" for number in REGISTERED} - {"P095"} - ({"P097"} if more else set())
    assert {person for person, _ in read.listed} == good
    histories: dict[Membership, list[DepartmentStatement]] = {
        (f"P{number:03}", "registered_poor"): [said(number, "2018-01-01")] for number in REGISTERED
    }
    found = compare_list(read, histories, OURS)
    assert (found.removed, found.added) == ([], [])
    assert {person for person, _ in found.kept} == {f"P{number:03}" for number in REGISTERED} - good


def test_a_line_break_in_a_cell_makes_its_row_unreadable() -> None:
    content = f'"抚松县\n名单"\n{HEADINGS}P1,低保对象,"2019-06-01\n"\n"P2","低保对象",""\n'.encode()
    read = read_list(read_file(content).rows)
    assert (read.listed, [row.place for row in read.rows.values()]) == ({("P2", "dibao"): None}, ["第6行 row 6"])
    assert [(row.place, row.reason, row.person_id) for row in read.refused] == [("第4行 row 4", "broken_row", None)]


def test_a_workbook_s_cell_may_end_with_a_line_break() -> None:
    rows = read_file(workbook([["参保人编号", "救助对象类别", "备注"], ["P1", "低保对象", "自理\n"]]))
    assert read_list(rows.rows).listed == {("P1", "dibao"): None}


def test_hospitals_files_open_with_their_chinese_whole() -> None:
    assert csv_bytes(("参保人编号",), [("P1",)]) == b"\xef\xbb\xbf" + "参保人编号\r\nP1\r\n".encode()
