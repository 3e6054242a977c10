"""Cells, headings and merged cells of a department's workbook: nothing written is lost or becomes a default."""

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.files.case_file import read_cases
from infra.files.hospital_file import read_detail
from infra.files.payee_file import read_payees
from infra.files.published_file import read_published
from infra.files.register_file import read_entries
from infra.files.reply_file import read_reply
from infra.files.roster_file import read_file
from infra.files.text_file import MOST_CELLS, MOST_ROWS, UnusableFile
from infra.files.workbook_rows import LARGEST_UNPACKED_BYTES
from policies.vocabulary import SHARED
from processors.rosters.list_comparison import compare_list
from tests.rosters import OURS, TITLES, book_of, read_of, refusals, standing

MARCH = date(2019, 3, 1)


def test_a_formula_without_a_result_is_no_empty_cell() -> None:
    """Rows 3 and 4 are links that no program has worked out: whom they name is unknown, so nobody is removed."""
    rows = [[f"=名册!{column}{number}" for column in "ABC"] + [None] for number in (3, 4)]
    _, read = read_of(book_of([TITLES, ["测甲", "M00001", "低保对象", None], *rows]))
    assert refusals(read) == [("第3行 row 3", "bad_person_id", None), ("第4行 row 4", "bad_person_id", None)]
    assert "B 列 column B 参保人编号 person_id" in read.refused[0].detail
    assert compare_list(read, standing("M00001", "M00011", "M00012"), OURS).removed == []


def test_a_date_formula_without_a_result_is_not_the_first_of_the_month() -> None:
    _, read = read_of(book_of([TITLES, ["测甲", "D00001", "低保对象", "=DATE(2019,3,1)"]]))
    assert (read.listed, refusals(read)) == ({}, [("第2行 row 2", "bad_date", "D00001")])


@pytest.mark.parametrize(
    ("column", "reason", "person_id"), [("B", "bad_person_id", None), ("C", "unknown_category", "P2")]
)
@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "=VLOOKUP(A3,X:Y,2)"])
def test_an_error_value_or_a_formula_refuses_its_row(
    column: str, reason: str, person_id: str | None, cell: str
) -> None:
    def spoil(sheet: Any) -> None:
        sheet[f"{column}3"] = cell

    rows = [TITLES, ["测甲", "P1", "低保对象", None], ["测乙", "P2", "低保对象", None]]
    _, read = read_of(book_of(rows, spoil))
    assert ([*read.listed], refusals(read)) == ([("P1", "dibao")], [("第3行 row 3", reason, person_id)])


@pytest.mark.parametrize(
    ("formula", "taken"),
    [
        ('<c r="A2" t="str"><f>X1</f><v>P1</v></c>', ["P1"]),  # a stored result is what the cell shows
        ('<c r="A2"><f>X1</f><v>0</v></c>', []),  # written by programs that do not calculate
        ('<c r="A2"><f>X1</f></c>', []),
        ('<c r="A2" t="str"><f>X1</f><v></v></c>', []),
    ],
)
def test_a_formula_counts_for_what_was_stored(formula: str, taken: list[str]) -> None:
    content = book_of([["参保人编号", "救助对象类别"], ["P1", "低保对象"]])
    _, read = read_of(replaced(content, '<c r="A2" t="inlineStr"><is><t>P1</t></is></c>', formula))
    assert [person_id for person_id, _ in read.listed] == taken
    assert read.unreadable == 1 - len(taken)


def replaced(content: bytes, old: str, new: str) -> bytes:
    """A workbook whose first sheet says something else, as another program would have written it."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as packed_in,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed_out,
    ):
        for part in packed_in.infolist():
            text = packed_in.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                assert old in text.decode()
                text = text.decode().replace(old, new).encode()
            packed_out.writestr(part.filename, text)
    return made.getvalue()


@pytest.mark.parametrize("cell", ["M00011_x000D_\n", "M00011_x000D_", "M00011_x0009_", "_x004D_00011", "M0001_x0031_"])
def test_escaped_characters_are_decoded(cell: str) -> None:
    """ECMA-376 ST_Xstring: _x000D_ is the line end that was pasted with the id."""
    _, read = read_of(book_of([TITLES, ["测子", cell, "低保对象_x000D_", None]]))
    assert [*read.listed] == [("M00011", "dibao")]
    assert compare_list(read, standing("M00011"), OURS).changes == []


@pytest.mark.parametrize(
    "heading",
    [
        "生效\n日期",
        "生 效 日 期",
        "生效时间",
        "生效日期（年-月-日）",
        "生效日期(必填)*",
        "生效日期：",
        "起始日期",
        "认定时间",
        "Effective_On",
    ],
)
def test_a_date_is_read_under_whatever_its_heading_is_called(heading: str) -> None:
    rows = [[*TITLES[:3], heading], ["测甲", "K00001", "低保对象", datetime(2019, 3, 1)]]  # noqa: DTZ001
    file, read = read_of(book_of(rows))
    assert (read.listed, file.unused_columns) == ({("K00001", "dibao"): MARCH}, ["A 列 姓名"])


def test_a_column_that_may_be_the_date_is_never_passed_over() -> None:
    with pytest.raises(UnusableFile, match="D 列“批准日期”"):
        read_file("姓名,参保人编号,救助对象类别,批准日期\n测,P1,低保对象,2019-03-01\n".encode())
    # where nothing stands in it, nothing is passed over
    assert read_file("姓名,参保人编号,救助对象类别,批准日期\n测,P1,低保对象,\n".encode()).unused_columns == [
        "A 列 姓名"
    ]


def test_two_columns_that_may_be_one_are_not_guessed() -> None:
    with pytest.raises(UnusableFile, match="生效日期"):
        read_file("参保人编号,救助对象类别,生效时间,认定时间\nP1,低保对象,2019-03-01,2019-04-01\n".encode())
    text = "参保人编号,个人编号,救助对象类别,生效日期,认定时间\nP1,77,低保对象,2019-03-01,2019-04-01\n"
    file, read = read_of(text.encode())
    assert (read.listed, file.unused_columns) == (
        {("P1", "dibao"): MARCH},
        ["B 列 个人编号", "E 列 认定时间"],
    )


@pytest.mark.parametrize("merged", ["E2:E4", "D2:E4", "D2:D4,E2:E4"])
def test_a_merged_cell_holds_for_all_its_rows(merged: str) -> None:
    """The clerk sees 2019-03-01 beside all three of a household."""

    def merge(sheet: Any) -> None:
        for cells in ["A2:A4", *merged.split(",")]:
            sheet.merge_cells(cells)

    category = None if "D2" in merged else "低保对象"
    rows: list[list[Any]] = [
        ["户主", *TITLES],
        ["测甲", "测甲", "N00001", "低保对象", MARCH],
        [None, "测甲妻", "N00002", category, None],
        [None, "测甲子", "N00003", category, None],
        ["测乙", "测乙", "N00004", "低保对象", date(2019, 2, 1)],
    ]
    if merged == "D2:E4":  # over two columns a merged cell says what its first column says, and of the other nothing
        rows[1] = ["测甲", "测甲", "N00001", "低保对象", None]
    _, read = read_of(book_of(rows, merge))
    since = None if merged == "D2:E4" else MARCH
    assert read.listed == {
        ("N00001", "dibao"): since,
        ("N00002", "dibao"): since,
        ("N00003", "dibao"): since,
        ("N00004", "dibao"): date(2019, 2, 1),
    }
    assert read.refused == []


def test_headings_that_are_merged_or_repeated_are_no_rows() -> None:
    def merge(sheet: Any) -> None:
        for column in "ABCD":
            sheet.merge_cells(f"{column}2:{column}3")
        sheet.merge_cells("A5:D5")

    rows = [
        ["名单"],
        TITLES,
        [],
        ["测", "P1", "低保对象", None],
        ["二、农村"],
        TITLES,
        ["测", "P2", "低保对象", None],
    ]
    file, read = read_of(book_of(rows, merge))
    assert ([*read.listed], read.refused, file.passed_over) == (
        [("P1", "dibao"), ("P2", "dibao")],
        [],
        ["第5行 row 5"],
    )


@pytest.mark.parametrize(
    ("status", "ended_on", "reason"),
    [
        ("在保", "", None),
        ("", "", None),
        ("停发", "", "removed 2019-06-01"),
        ("已 退 出", "", "removed 2019-06-01"),
        ("停发", "2019-06-12", "removed 2019-06-12"),
        ("", "2019年6月12日", "removed 2019-06-12"),
        ("停发", "2019-02-01", "removed 2019-06-01"),  # a list does not reach back
        ("在保", "2019-12-31", None),
        ("在保", "长期", None),
        ("暂停", "", "unknown_status"),
        ("停发", "六月", "bad_date"),
    ],
)
def test_a_status_is_read_or_refused(status: str, ended_on: str, reason: str | None) -> None:
    text = f"参保人编号,救助对象类别,状态,停发日期\nP1,低保对象,{status},{ended_on}\nP2,低保对象,在保,\n"
    _, read = read_of(text.encode())
    found = compare_list(read, standing("P1", "P2"), OURS)
    did = [f"{change.change} {change.effective_on}" for change in found.changes] + [row.reason for row in read.refused]
    assert did == ([reason] if reason else [])


def test_rows_that_contradict_each_other_change_nobody() -> None:
    _, read = read_of("参保人编号,救助对象类别,状态\nP1,低保对象,停发\nP1,低保对象,在保\n".encode())
    assert [row.reason for row in read.refused] == ["contradiction"]
    assert compare_list(read, standing("P1"), OURS).changes == []


# bounds: within seconds, whatever a workbook states or unpacks to


def test_a_workbook_that_unpacks_beyond_its_bound_is_refused_unread() -> None:
    """2 MB that unpack to 890 MB ran for minutes."""
    content = io.BytesIO(book_of([TITLES, ["测", "P1", "低保", None]]))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as packed_in:
        packed_in.writestr("xl/media/empty.bin", bytes(LARGEST_UNPACKED_BYTES))
    assert len(content.getvalue()) < 100_000
    with pytest.raises(UnusableFile, match="64 MB"):
        read_file(content.getvalue())


def test_a_stray_cell_in_the_last_row_and_column_costs_nothing() -> None:
    """A workbook whose format somebody drew down to the end states a size of a million rows, and has three."""
    content = book_of([TITLES, ["测", "P1", "低保", None]])
    stray = '<row r="1048576"><c r="XFD1048576" s="0"/><c r="XFC1048576" t="n"><v>1</v></c></row></sheetData>'
    content = replaced(replaced(content, "</sheetData>", stray), 'ref="A1:D2"', 'ref="A1:XFD1048576"')
    file, read = read_of(content)
    assert ([*read.listed], file.rows[0].place) == ([("P1", "dibao")], "第2行 row 2")
    assert (refusals(read), file.unused_columns) == (
        [("第1048576行 row 1048576", "bad_person_id", None)],
        ["A 列 姓名", "XFC 列 （无标题 no heading）"],
    )


def test_a_cell_merged_over_a_million_rows_costs_nothing() -> None:
    rows = [["参保人编号", "救助对象类别"], ["P1", "低保"], ["P2", None]]
    content = book_of(rows, lambda sheet: sheet.merge_cells("B2:B3"))
    _, read = read_of(replaced(content, 'ref="B2:B3"', 'ref="B2:B1048576"'))
    assert [*read.listed] == [("P1", "dibao"), ("P2", "dibao")]


@pytest.mark.parametrize(
    ("filler", "what"),
    [('<row><c t="n"><v>1</v></c></row>' * (MOST_ROWS + 1), "rows"), ("<row/>" * (MOST_CELLS + 1), "cells")],
)
def test_a_workbook_of_too_many_rows_or_cells_is_refused(filler: str, what: str) -> None:
    content = replaced(book_of([TITLES, ["测", "P1", "低保", None]]), "</sheetData>", f"{filler}</sheetData>")
    with pytest.raises(UnusableFile, match=f"more than {MOST_ROWS if what == 'rows' else MOST_CELLS} {what}"):
        read_file(content)


READERS: Mapping[str, Callable[[Path], object]] = {
    "roster": lambda path: read_file(path.read_bytes()),
    "register": lambda path: read_entries(path, "examination"),
    "hospital": lambda path: read_detail(path, MARCH),
    "published": read_published,
    "reply": read_reply,
    "payees": lambda path: read_payees(path, "person"),
    "cases": lambda path: read_cases(path, SHARED),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n" * (MOST_ROWS + 1), f"{MOST_ROWS} rows"),
        (b"a\r" * (MOST_ROWS + 1), f"{MOST_ROWS} rows"),
        (b"," * (MOST_CELLS + 1), f"{MOST_CELLS} cells"),
        (b"\t" * (MOST_CELLS + 1), f"{MOST_CELLS} cells"),
    ],
    ids=["rows", "rows of old Macs", "cells", "cells with tabs"],
)
def test_a_text_of_too_many_rows_or_cells_is_refused_before_it_is_read(
    read: Callable[[Path], object], content: bytes, what: str, tmp_path: Path
) -> None:
    """Millions of lists would take the memory of the machine on which everybody's console runs."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableFile, match=f"more than {what}"):
        read(path)
