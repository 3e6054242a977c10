"""What a list says beside its columns: who left, what only fills a row, what counts days otherwise."""

from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from processors.rosters.cells import UnusableCell, read_person_id
from tests.rosters import book_of, packed, read_of, refusals

HEADINGS = ["参保人编号", "救助对象类别"]


@pytest.mark.parametrize(
    "remark", ["停发", "已死亡", "本人已死亡", "2019年5月起停发", "5月死亡", "因病死亡，注销", "减少"]
)
def test_a_remark_that_the_person_left_is_never_passed_over(remark: str) -> None:
    rows = [[*HEADINGS, "备注"], ["00001", "低保", remark], ["00002", "低保", "其父已死亡"], ["00003", "低保", "新增"]]
    _, read = read_of(book_of(rows))
    assert refusals(read) == [("第2行 row 2", "unknown_status", "00001")]
    assert sorted(read.listed) == [("00002", "dibao"), ("00003", "dibao")]
    assert "C 列 备注" in read.refused[0].chinese


@pytest.mark.parametrize(
    ("heading", "said", "left"),
    [
        ("是否死亡", "是", True),
        ("是否死亡", "否", False),
        ("死亡日期", "2019-05-02", True),
        ("停发原因", "外出务工", True),
        ("停发原因", "无", False),
        ("脱贫退出年度", "2018", False),  # who left poverty keeps what he had
        ("联系人", "张死亡", False),
    ],
)
def test_a_column_of_leaving_is_read_or_the_row_refused(heading: str, said: str, left: bool) -> None:
    _, read = read_of(book_of([[*HEADINGS, heading], ["00001", "低保", said], ["00002", "低保", None]]))
    assert [row.person_id for row in read.refused] == ["00001"] * left
    assert ("00002", "dibao") in read.listed


def test_days_as_numbers_of_a_workbook_that_counts_from_1904() -> None:
    """42063 is 2019-03-01 there and 2015-02-28 elsewhere: four years and a day that nobody meant."""
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (
        [*HEADINGS, "生效日期"],
        ["00001", "低保", date(2019, 3, 1)],
        ["00002", "低保", 42063],
        ["00003", "低保", "42063"],
        ["00004", "低保", "2019-03-01"],
        ["42063", "低保", None],
    ):
        book.worksheets[0].append(row)
    _, read = read_of(packed(book))
    assert refusals(read) == [(f"第{row}行 row {row}", "bad_date", f"0000{row - 1}") for row in (3, 4)]
    day = date(2019, 3, 1)
    assert read.listed == {("00001", "dibao"): day, ("00004", "dibao"): day, ("42063", "dibao"): None}


@pytest.mark.parametrize(
    "foot",
    [
        ["以上合计3人"],
        ["共 3 人"],
        ["计"],
        ["二〇一九年六月五日"],
        ["2019.6.5"],
        ["辉南县民政局"],
        ["第1页 共2页"],
        ["—", "—", "—"],
        ["其中", "2", "低保"],
    ],
)
def test_more_of_what_stands_below_a_list_is_no_person(foot: list[str]) -> None:
    file, read = read_of(book_of([["姓名", *HEADINGS], ["甲", "00001", "低保"], foot]))
    assert (sorted(read.listed), read.refused, file.passed_over) == ([("00001", "dibao")], [], ["第3行 row 3"])


def test_a_row_that_may_be_a_person_s_is_not_passed_over() -> None:
    rows = [
        ["姓名", *HEADINGS],
        ["张三"],
        ["其中村甲", "00002", "低保"],
        ["共青团", "00003", "低保"],
        ["计", "00004", "—"],
    ]
    file, read = read_of(book_of(rows))
    assert sorted(read.listed) == [("00002", "dibao"), ("00003", "dibao")]
    assert refusals(read) == [("第2行 row 2", "bad_person_id", None), ("第5行 row 5", "unknown_category", "00004")]
    assert file.passed_over == []


@pytest.mark.parametrize("cell", ["-", "--", "_", "2019-03-05", "2019-3-5"])
def test_a_dash_or_a_day_is_no_id(cell: str) -> None:
    with pytest.raises(UnusableCell, match="不是编号"):
        read_person_id(cell)
