"""Lists as clerks make them: what is certain is read, what is not is named, and nobody leaves for its sake."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from infra.files.refused_rows import refused_file, write_refused_rows
from infra.files.roster_file import read_file
from infra.files.text_file import UnusableFile
from processors.rosters.list_comparison import compare_list
from processors.rosters.lists import ListRow, read_list
from processors.rosters.near_ids import KnownPersons, hold_back, near_ids
from tests.rosters import FIRST, JUNE, OURS, TITLES, book_of, listing, packed, read_of, refusals, said, standing

MARCH = date(2019, 3, 1)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2019.3.1", MARCH),
        ("2019.03.01", MARCH),
        ("20190301", MARCH),
        ("43525", MARCH),  # 1 March 2019 as a spreadsheet counts days
        ("２０１９－０３－０１", MARCH),
        ("'2019-03-01", MARCH),
        ("2019-03-01 00:00:00", MARCH),
        ("2019/3/1 0:00", MARCH),
        ("2019年3月1日", MARCH),
        ("2019年 3月 1日", MARCH),
        ("2019-03", None),
        ("2019年3月", None),
        ("19-3-1", None),
        ("3/1/2019", None),
        ("2019-3.1", None),
        ("20191301", None),
        ("201903", None),
        ("1234", None),
        ("2091-03-01", None),
    ],
)
def test_a_day_is_read_where_it_is_certain_and_else_refused(cell: str, day: date | None) -> None:
    read = read_list(listing_rows(("P1", "低保对象", cell)), JUNE.last)
    assert read.listed == ({("P1", "dibao"): day} if day else {})
    assert [row.reason for row in read.refused] == (
        [] if day else ["date_in_future" if cell.startswith("2091") else "bad_date"]
    )


@pytest.mark.parametrize(("value", "taken"), [(43525, MARCH), (20190301, MARCH), (43525.5, None), (2019.3, None)])
def test_a_number_in_the_column_of_days(value: float, taken: date | None) -> None:
    _, read = read_of(book_of([TITLES, ["测", "P1", "低保对象", value]]))
    assert read.listed == ({("P1", "dibao"): taken} if taken else {})
    assert refusals(read) == ([] if taken else [("第2行 row 2", "bad_date", "P1")])


@pytest.mark.parametrize(
    ("cell", "person_id"),
    [
        ("'00011", "00011"),
        ('="00011"', "00011"),
        ("Ｍ０００１１", "M00011"),
        ("\ufeffM00011", "M00011"),
        ("M00011\u200b", "M00011"),
        ("\u3000M00011\u00a0", "M00011"),
        ("M 00011", None),
        ("９９９９９９１９９００１０１００１Ｘ", None),
        ("М00011", None),  # a Cyrillic letter
    ],
)
def test_an_id_is_read_as_it_is_seen(cell: str, person_id: str | None) -> None:
    read = listing((cell, "低保对象"))
    assert [person for person, _ in read.listed] == ([person_id] if person_id else [])


@pytest.mark.parametrize(
    ("cell", "categories"),
    [
        ("低保", ["dibao"]),
        ("低保户", ["dibao"]),
        ("农村低保", ["dibao"]),
        ("低保对象（农村）", ["dibao"]),
        ("低保（A类）", ["dibao"]),
        ("特困人员", ["destitute"]),
        ("五保户", ["destitute"]),
        ("特困人员(分散供养)", ["destitute"]),
        ("低保对象、孤儿", ["dibao", "orphan"]),  # as `claims roster publish` writes it
        ("DiBao", ["dibao"]),
        ("低保对象（已停）", []),
        ("低保、富人", []),
        ("低保边缘户", ["dibao_margin"]),
        ("边缘户", []),
        ("", []),
    ],
)
def test_a_category_by_what_people_call_it(cell: str, categories: list[str]) -> None:
    read = listing(("P1", cell))
    assert [category for _, category in read.listed] == categories
    assert [(row.reason, row.person_id) for row in read.refused] == ([] if categories else [("unknown_category", "P1")])


FOOTS = [
    ["合计", None, "2 人", None],
    ["合计", 2, None, None],
    [None, None, "合计：2人", None],
    ["制表人：测甲", None, "审核人：测乙", None],
    ["制表人：", "测甲", None, None],
    ["单位（盖章）", None, None, "2019年6月8日"],
    [None, None, None, "2019年6月8日"],
    ["注：本表一式两份", None, None, None],
    ["以下空白", None, None, None],
    ["负责人签字：", "", "", ""],
]


@pytest.mark.parametrize("foot", FOOTS)
def test_a_total_or_a_signature_blocks_no_removal(foot: list[Any]) -> None:
    file, read = read_of(book_of([TITLES, ["测甲", "P1", "低保对象", None], foot]))
    assert ([*read.listed], read.refused, file.passed_over) == ([("P1", "dibao")], [], ["第3行 row 3"])
    found = compare_list(read, standing("P1", "P2"), OURS)
    assert [(change.person_id, change.change) for change in found.changes] == [("P2", "removed")]


@pytest.mark.parametrize(
    "row",
    [
        ["测乙", "P2", None, None],  # without a category
        ["测乙", None, "低保对象", None],
        ["测乙", "P2", "低保对象？", None],
        ["测乙", None, None, None],
        ["注意", "P2", None, "2019年6月1日"],
        [None, "P2", None, "2019年6月1日"],
        ["测乙", "P2", "=C9", "合计"],
    ],
)
def test_what_may_be_a_person_is_no_foot(row: list[Any]) -> None:
    file, read = read_of(book_of([TITLES, ["测甲", "P1", "低保对象", None], row]))
    assert (len(read.refused), file.passed_over) == (1, [])
    assert compare_list(read, standing("P1", "P2"), OURS).removed == []


def test_numbered_lines_of_a_form_are_empty() -> None:
    rows = [["序号", *TITLES], [1, "测甲", "P1", "低保对象", None], [2, None, None, None, None], ["=ROW()-1"]]
    file, read = read_of(book_of(rows))
    assert ([*read.listed], read.refused, file.passed_over) == ([("P1", "dibao")], [], [])


def test_a_hidden_sheet_is_named_and_read_on_request_only() -> None:
    book = Workbook()
    for title, person_id in (("6月", "P1"), ("5月", "P2")):
        sheet = book.create_sheet(title)
        sheet.append(TITLES)
        sheet.append(["测", person_id, "低保对象", None])
    book["5月"].sheet_state = "hidden"
    content = packed(book)
    file, read = read_of(content)
    assert [*read.listed] == [("P1", "dibao")]
    assert [(sheet.title, sheet.rows, sheet.use) for sheet in file.sheets] == [
        *(("Sheet", 0, "empty"), ("6月", 2, "read"), ("5月", 2, "hidden")),
    ]
    both = read_list(read_file(content, hidden_sheets=True).rows)
    assert [*both.listed] == [("P1", "dibao"), ("P2", "dibao")]
    book["6月"].sheet_state = "veryHidden"
    with pytest.raises(UnusableFile, match="--hidden-sheets only: 6月、5月"):
        read_file(packed(book))


def test_rows_that_a_filter_hides_are_read_and_told() -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    file, read = read_of(book_of([TITLES, ["测", "P1", "低保", None], ["测", "P2", "低保", None]], hide))
    assert ([*read.listed], file.unseen_rows) == ([("P1", "dibao"), ("P2", "dibao")], 1)


@pytest.mark.parametrize(
    ("heading", "born", "refused"),
    [
        ("出生日期", "2019-01-01", True),
        ("出生年月", "201901", True),
        ("身份证号", "99999920190101001X", True),
        ("出生日期", "2018-12-31", False),
        ("身份证号", "看不清", False),
    ],
)
def test_a_membership_before_birth_is_no_fact(heading: str, born: str, refused: bool) -> None:
    text = f"参保人编号,救助对象类别,生效日期,{heading}\nP1,孤儿,2018-12-31,{born}\n"
    _, read = read_of(text.encode())
    assert [row.reason for row in read.refused] == (["before_birth"] if refused else [])
    assert compare_list(read, {("P1", "orphan"): [said(1, "2018-12-31")]}, OURS).changes == []


def test_near_ids_are_named_in_pairs_and_held_back() -> None:
    """11 is 00011 whose zeros a spreadsheet took, and m0001a was typed: neither of a pair comes or goes."""
    read = listing(
        ("11", "低保"), ("m0001a", "低保"), ("00042", "低保"), ("42", "低保"), ("X1", "低保"), ("P1", "低保")
    )
    known = KnownPersons(enrolled={"00011", "M0001A", "00042", "42", "P1"}, rostered={"00011", "x1"})
    near = near_ids({person for person, _ in read.listed}, known)
    assert near == {"11": "00011", "m0001a": "M0001A", "X1": "x1"}  # both 42 and 00042 are enrolled
    hold_back(read, near)
    assert {(row.person_id, row.near, row.reason) for row in read.refused} == {
        (person_id, other, "near_person_id") for person_id, other in near.items()
    }
    found = compare_list(read, standing("00011", "M0001A", "x1", "P1"), OURS)
    assert [change.person_id for change in found.changes] == ["00042", "42"]


def test_of_two_near_ids_in_a_list_that_nobody_knows_neither_is_taken() -> None:
    assert near_ids({"007", "7", "8"}, KnownPersons((), ())) == {"007": "7", "7": "007"}


def test_a_list_that_adds_many_looks_like_another_file() -> None:
    """3 of 12 are a quarter; an earlier day for a member is an addition too; a first list is compared with nothing."""
    members = [f"P{number:02}" for number in range(12)]
    rows: list[tuple[str, ...]] = [(person_id, "低保") for person_id in members]
    three = [("N1", "低保"), ("N2", "低保"), ("N3", "低保")]
    assert "adds 3" in (compare_list(listing(*rows, *three), standing(*members), OURS).growth_reason or "")
    assert compare_list(listing(*rows, *three[:2]), standing(*members), OURS).growth_reason is None
    assert compare_list(listing(*rows), {}, OURS).growth_reason is None
    earlier = [(person_id, "低保", "2017-01-01") for person_id in members]
    assert compare_list(listing(*earlier), standing(*members), OURS).growth_reason is not None
    assert compare_list(listing(("P1", "低保"), ("P2", "低保")), standing("P1"), OURS).growth_reason is None


def test_refused_rows_go_back_to_the_department(tmp_path: Path) -> None:
    rows = [["序号", *TITLES], [1, "测甲", "00042", "富人", "2019.3.1"], [2, "=1+1", "P 3", "低保", None]]
    _, read = read_of(book_of(rows))
    path = refused_file(tmp_path / "民政6月.xlsx")
    write_refused_rows(path, "民政 2019-06", date(2019, 6, 8), read.refused)
    assert (path.name, path.stat().st_mode & 0o777) == ("民政6月-未接收.xlsx", 0o600)
    sheet = load_workbook(path).worksheets[0]
    title, remark, headings, *written = sheet.iter_rows(values_only=True)
    assert title[0] == "未接收 民政 2019-06 名单，请更正后重新报送全部名单"
    assert remark[0] == "数据截至 2019-06-08"
    assert headings == ("位置", "原因", "说明", "序号", *TITLES)
    names = "特困供养人员、孤儿、低保对象、建档立卡贫困人口、低收入对象、因病致贫、重点优抚对象、返贫致贫人口、"
    names += "脱贫不稳定人口、边缘易致贫人口、突发严重困难人口、低保边缘家庭成员、重度残疾人"
    told = f"D 列 救助对象类别（2 字）：须为 {names} 之一"
    assert written[0] == ("第2行", "救助对象类别不明", told, "1", "测甲", "00042", "富人", "2019.3.1")
    assert written[1][:2] == ("第3行", "参保人编号不合格")
    assert written[1][2] == "C 列 参保人编号（3 字）：须为 1 至 128 位字母、数字、- 或 _"
    assert written[2][0] == "合计（2 行）"
    assert {(cell.data_type, cell.number_format) for cell in sheet[4]} == {("s", "@")}


def listing_rows(*rows: tuple[Any, ...]) -> list[ListRow]:
    return [ListRow(f"row {number}", *row) for number, row in enumerate(rows, start=2)]


def test_the_first_day_counts_not_the_month_s_first() -> None:
    read = listing(("P1", "低保", "2019-05-20"), ("P2", "低保", ""))
    found = compare_list(read, {}, OURS)
    assert [(change.person_id, change.effective_on) for change in found.changes] == [
        ("P1", date(2019, 5, 20)),
        ("P2", FIRST),
    ]
