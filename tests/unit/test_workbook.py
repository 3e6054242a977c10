"""Workbooks for people: what a clerk finds when he opens or prints one, and what no text from outside can do to it."""

import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from infra.cli.row_output import csv_of, print_sheet
from infra.files.sheet import SIGNATURES, Named, Sheet, columns_of
from infra.files.workbook import workbook

COLUMNS = (
    "参保人 person,医院 hospital,类型 setting,日期 date:day,人次 claims:count+,金额 amount:money+,比例 share:share"
)
ROWS = [
    (
        "00042",
        Named("县医院", "H1", is_id=True),
        Named("住院", "inpatient"),
        "2019-03-10",
        2,
        "38522463.49",
        Decimal("0.9773"),
    ),
    ("1E5", None, Named("", "odd"), None, 1, Decimal("-0.05"), None),
]


def opened(rows: Any = ROWS, title: str = "结算单 Statements") -> Any:
    book = load_workbook(io.BytesIO(workbook([Sheet(title, columns_of(COLUMNS), rows)], "2026-01-01 00:00:00")))
    return book.worksheets[0]


def test_a_sheet_is_what_a_clerk_expects() -> None:
    sheet = opened()
    assert sheet.title == "结算单"
    assert [cell.value for cell in sheet["A"]] == [
        *("结算单 Statements", "数据截至 2026-01-01 00:00:00；金额单位：元", "参保人", "00042", "1E5"),
        *("合计（2 行）", None, SIGNATURES),
    ]
    assert [cell.value for cell in sheet[3]] == ["参保人", "医院", "类型", "日期", "人次", "金额", "比例"]
    first = sheet[4]
    assert [cell.value for cell in first] == [
        *("00042", "县医院 H1", "住院", datetime(2019, 3, 10)),  # noqa: DTZ001 - openpyxl reads days so
        *(2, 38522463.49, 0.9773),
    ]
    assert (first[0].data_type, first[0].number_format) == ("s", "@")  # an id stays text when it is edited, too
    assert (first[5].number_format, first[6].number_format) == ("#,##0.00", "0.00%")
    # 38,522,463.49 - 0.05 = 38,522,463.44; a share has no sum
    assert [cell.value for cell in sheet[6]][4:] == [3, 38522463.44, None]
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == "A3:G5"  # without the totals
    widths = {letter: sheet.column_dimensions[letter].width for letter in "ABF"}
    assert widths["F"] >= len("38,522,463.49")
    assert widths["B"] >= len("县县医医院院 H1")


def test_a_printed_list_has_its_sums_and_reads_as_money(capsys: pytest.CaptureFixture[str]) -> None:
    money = columns_of("参保人 person,金额 amount:money+,已还 repaid:money+,线 line:money")
    rows = [("P1", "38522463.49", "0.00", "90.00"), ("P2", Decimal("-0.05"), "0.00", None)]
    print_sheet(Sheet("清算 Clearing", money, rows))
    drawn = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert [cells for cells in drawn if cells] == [
        ["P1", "38,522,463.49", "0.00", "90.00"],
        ["P2", "-0.05", "0.00", "—"],
        ["合计 sum", "38,522,463.44", "0.00", ""],
    ]
    print_sheet(Sheet("清算 Clearing", money, rows[:1]))  # one row is its own sum
    assert "合计" not in capsys.readouterr().out


def test_a_sheet_prints_on_a4() -> None:
    sheet = opened()
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$3"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"])
def test_no_text_from_outside_is_a_formula(text: str) -> None:
    cell = opened([(text, *ROWS[0][1:])])["A4"]
    assert (cell.value.strip(), cell.data_type) == (text.replace("\t", "\\t"), "s")
    written = csv_of(Sheet("t", columns_of(COLUMNS), [(text, *ROWS[0][1:])])).decode("utf-8-sig").splitlines()
    assert written[1].strip('"').startswith(f"'{text}"[:3])


def test_amounts_in_csv_stay_amounts() -> None:
    written = csv_of(Sheet("t", columns_of(COLUMNS), ROWS)).decode("utf-8-sig").splitlines()
    assert written[2] == "1E5,,odd,,1,-0.05,"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x0b", "\ufffe", "\uffff", "\ud800", "\u202e"])
def test_no_character_breaks_a_workbook(character: str) -> None:
    sheet = opened([(f"P{character}1", *ROWS[0][1:])], title=f"医院{character}[1] Hospital")
    assert sheet["A4"].value.startswith("P\\")
    assert sheet.title.startswith("医院\\") or sheet.title.startswith("医院")


def test_an_empty_list_has_its_headings() -> None:
    sheet = opened([])
    assert [sheet["A3"].value, sheet["A4"].value] == ["参保人", "合计（0 行）"]


LONG = "入院登记 A000608 已有结算单 C000608 admission A000608 has claim C000608, reverse it first"


def test_a_long_list_is_two_pages_wide_and_each_page_says_whose_row_it_is() -> None:
    """19 columns of the annual report on one page of A4 would be printed in 5 points."""
    columns = columns_of("年度 year:count,统筹区 region," + ",".join(f"金额 a{n}:money+" for n in range(17)))
    row = (2019, Named("上高县", "360923", is_id=True), *["38522463.49"] * 17)
    book = load_workbook(io.BytesIO(workbook([Sheet("年度报表 Annual", columns, [row] * 3)], "2026-01-01 00:00:00")))
    sheet = book.worksheets[0]
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (2, 0)
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$3", "$A:$B")
    assert sheet.freeze_panes == "C4"
    widths = [sheet.column_dimensions[get_column_letter(place)].width for place in range(1, 20)]
    # what stands on each of the two pages fits A4 with no more than a fifth taken off
    assert (sum(widths) + sum(widths[:2])) / 2 <= 145 / 0.8


def test_a_row_is_as_high_as_its_longest_text_and_a_share_as_wide_as_it_is_shown() -> None:
    rows = [(LONG, Decimal("0.8941")), ("短", Decimal("1.0000"))]
    listing = Sheet("拒收 Refusals", columns_of("说明 detail,比例 share:share"), rows)
    sheet = load_workbook(io.BytesIO(workbook([listing], "2026-01-01 00:00:00"))).worksheets[0]
    assert sheet.column_dimensions["A"].width == 48
    # 89 places in lines of 45: two lines of 14.5 points
    assert (sheet.row_dimensions[4].height, sheet.row_dimensions[5].height) == (29.0, None)
    assert sheet.column_dimensions["B"].width >= len("100.00%") + 2
