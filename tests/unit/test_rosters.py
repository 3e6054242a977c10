"""A department's list: how it is read, and what it changes in the ledger."""

import contextlib
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from infra.files.roster_file import UnusableFile, csv_bytes, read_rows
from processors.rosters.comparison import Handed, compare, event_of
from processors.rosters.departments import Insured, draw_up
from processors.rosters.histories import take_note
from processors.rosters.imports import Noted
from processors.rosters.lists import Membership, RosterList, Row, is_national_id, read_list
from processors.rosters.memberships import Said, booked, held_on
from processors.rosters.period import Period

CIVIL, POVERTY = "civil-affairs/220621", "poverty-office/220621"
JUNE = Period(2019, 6)
FIRST = date(2019, 6, 1)
OURS = Handed(CIVIL, JUNE, date(2019, 6, 8), FIRST)
HEADINGS = "参保人编号,救助对象类别,生效日期\n"


def said(number: int, on: str, *, added: bool = True, source: str = CIVIL) -> Said:
    return Said(number, source, added, date.fromisoformat(on))


def listing(*rows: tuple[Any, ...]) -> RosterList:
    return read_list(Row(f"row {number}", *row) for number, row in enumerate(rows, start=2))


def changes(read: RosterList, histories: dict[Membership, list[Said]], handed: Handed = OURS) -> list[tuple[str, ...]]:
    found = compare(read, histories, handed)
    return [(each.person_id, each.change, each.effective_on.isoformat()) for each in found.changes]


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
    read = read_list(read_rows(text.encode(encoding)))
    assert read.listed == {("P1", "dibao"): date(2019, 5, 1), ("P2", "orphan"): None}
    assert read.places["P2", "orphan"] == "第5行 row 5"


def test_english_headings_in_any_order() -> None:
    rows = read_rows(b"name,Category,person_id\nsomebody,dibao,P1\n")
    assert read_list(rows).listed == {("P1", "dibao"): None}


def test_every_sheet_of_a_workbook_is_read() -> None:
    headings = ["参保人编号", "救助对象类别", "生效日期"]
    content = workbook(
        [["名单"], headings, ["P1", "低保对象", datetime(2019, 5, 1)]],  # noqa: DTZ001 - a spreadsheet's dates have none
        [headings, [1001, "孤儿", "2019/5/2"], [123456789012345678, "孤儿", None]],
        [],
    )
    read = read_list(read_rows(content))
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
    read = read_list(read_rows(packed.getvalue()))
    assert [person_id for person_id, _ in read.listed] == ([] if taken is None else [taken])
    # who can't be told may be anybody: nobody is removed
    assert [(row.reason, row.person_id) for row in read.refused] == ([("bad_person_id", None)] if taken is None else [])


def test_a_sheet_without_headings_is_no_list() -> None:
    content = workbook([["参保人编号", "救助对象类别"], ["P1", "dibao"]], [["P2", "dibao"]])
    with pytest.raises(UnusableFile, match="S1"):
        read_rows(content)


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
        read_rows(content)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    with contextlib.suppress(UnusableFile):
        read_list(read_rows(content))


REGISTERED = {number: f"P{number:03},建档立卡贫困人口," for number in range(1, 101)}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", [{}, {97: 'P097,"建档立卡贫困人口",'}, {97: 'P097,建档立卡贫困人口,"2019-06-01'}])
def test_a_stray_quote_takes_nobody_off_the_roster(ending: str, closing: dict[int, str]) -> None:
    lines = REGISTERED | {95: 'P095,"建档立卡贫困人口'} | closing
    read = read_list(read_rows((HEADINGS.replace("\n", ending) + ending.join(lines.values())).encode()))
    first, *more = read.refused
    assert (first.place, first.reason, first.person_id) == ("第96行 row 96", "broken_row", None)
    assert [row.place for row in more] == (["第98行 row 98"] if "2019" in closing.get(97, "") else [])
    good = {f"P{number:03}" for number in REGISTERED} - {"P095"} - ({"P097"} if more else set())
    assert {person for person, _ in read.listed} == good
    histories: dict[Membership, list[Said]] = {
        (f"P{number:03}", "registered_poor"): [said(number, "2018-01-01")] for number in REGISTERED
    }
    found = compare(read, histories, OURS)
    assert (found.removed, found.added) == ([], [])
    assert {person for person, _ in found.kept} == {f"P{number:03}" for number in REGISTERED} - good


def test_a_line_break_in_a_cell_makes_its_row_unreadable() -> None:
    content = f'"抚松县\n名单"\n{HEADINGS}P1,低保对象,"2019-06-01\n"\n"P2","低保对象",""\n'.encode()
    read = read_list(read_rows(content))
    assert (read.listed, read.places) == ({("P2", "dibao"): None}, {("P2", "dibao"): "第6行 row 6"})
    assert [(row.place, row.reason, row.person_id) for row in read.refused] == [("第4行 row 4", "broken_row", None)]


def test_a_workbook_s_cell_may_end_with_a_line_break() -> None:
    rows = read_rows(workbook([["参保人编号", "救助对象类别", "备注"], ["P1", "低保对象", "自理\n"]]))
    assert read_list(rows).listed == {("P1", "dibao"): None}


def test_no_refusal_says_what_a_cell_holds() -> None:
    read = listing(
        ("王小明", "低保对象"),
        ("11010519491231002X", "低保对象"),
        ("P1", "王小明 11010519491231002X"),
        ("P2", "低保对象", "11010519491231002X"),
        ("P3", "低保对象", "1949-02-31"),
        ("P4", "低保对象", "1849-12-31"),
        ("P5", "低保对象"),
        ("P5", "低保对象"),
    )
    assert len(read.refused) == 7
    told = " ".join(row.detail for row in read.refused)
    assert not any(cell in told for cell in ("王小明", "110105", "1949", "1849"))
    assert "救助对象类别 category（22 字 22 characters）" in told


def test_bad_rows_are_refused_and_the_good_go_on() -> None:
    read = listing(
        ("P1", "低保对象"),
        ("P 2", "低保对象"),
        ("11010519491231002X", "低保对象"),
        ("P3", "富人"),
        ("P4", "孤儿", "2019-02-30"),
        ("P5", "孤儿", "soon"),
        ("P1", "dibao", "2019-05-01"),
        ("P6", "孤儿", "2019年6月1日"),
    )
    assert read.listed == {("P1", "dibao"): None, ("P6", "orphan"): FIRST}
    assert [(row.place, row.reason, row.person_id) for row in read.refused] == [
        ("row 3", "bad_person_id", None),
        ("row 4", "national_id", None),
        ("row 5", "unknown_category", "P3"),
        ("row 6", "bad_date", "P4"),
        ("row 7", "bad_date", "P5"),
        ("row 8", "duplicate_row", "P1"),
    ]


@pytest.mark.parametrize(
    ("person_id", "national"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105194912310021", True),  # a wrong check digit: a mistyped one is one too
        ("110105491231002", True),
        ("110105491331002", False),  # no month 13: a number like any other
        ("110105490230002", False),
        ("1101054912310021", False),
        ("P00042", False),
    ],
)
def test_a_national_id_is_told_by_its_form(person_id: str, national: bool) -> None:
    assert is_national_id(person_id) is national
    assert (not listing((person_id, "低保对象")).listed) is national


def test_additions_and_removals_of_a_full_list() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "dibao"): [said(2, "2018-01-01")],
        ("P3", "dibao"): [said(3, "2018-01-01"), said(4, "2019-01-01", added=False)],
        ("P4", "registered_poor"): [said(5, "2018-01-01", source=POVERTY)],
    }
    read = listing(("P1", "dibao"), ("P3", "dibao"), ("P5", "orphan", "2019-03-15"))
    assert changes(read, histories) == [
        ("P2", "removed", "2019-06-01"),
        ("P3", "added", "2019-06-01"),
        ("P5", "added", "2019-03-15"),
    ]  # P4 is another department's


def test_an_earlier_date_in_the_list_makes_the_membership_begin_then() -> None:
    histories: dict[Membership, list[Said]] = {("P1", "dibao"): [said(1, "2019-04-01")]}
    assert changes(listing(("P1", "dibao", "2019-02-01")), histories) == [("P1", "added", "2019-02-01")]
    assert changes(listing(("P1", "dibao", "2019-05-01")), histories) == []


def test_what_another_department_took_away_is_added_again_by_who_lists_it() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2019-05-01", added=False, source=POVERTY)]
    }
    assert changes(listing(("P1", "dibao")), histories) == [("P1", "added", "2019-06-01")]


def test_whom_another_department_lists_is_left_out_and_not_removed() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2018-01-01", source=POVERTY)]
    }
    found = compare(listing(), histories, OURS)
    assert (found.changes, found.left_out) == ([], {("P1", "dibao"): [POVERTY]})
    assert (found.leaving["dibao"], found.held_against) == (1, 2)


def test_a_word_that_a_list_took_back_keeps_nobody() -> None:
    """The order of the reviewers' ledger: one leaves him out in June and the other in July; then he goes, from July."""
    books = Offices({"P1"})
    books.take(POVERTY, 6, set())
    assert books.members(6) == {"P1"}
    assert books.take(CIVIL, 7, set()) == [("P1", "removed", "2019-07-01")]
    assert (books.members(6), books.members(7)) == ({"P1"}, set())
    assert books.take(POVERTY, 7, set()) == []
    assert books.take(POVERTY, 8, {"P1"}) == [("P1", "added", "2019-08-01")]


def test_a_list_of_a_later_month_that_came_first_ends_a_word_from_its_own_month_only() -> None:
    books = Offices({"P1"})
    assert books.take(CIVIL, 7, set()) == []  # the poverty office has him as of May
    assert books.take(POVERTY, 6, set()) == [("P1", "removed", "2019-07-01")]  # in June civil affairs had him
    assert (books.members(6), books.members(7)) == ({"P1"}, set())


def test_a_refused_row_books_no_removal_of_whom_an_earlier_list_left_out() -> None:
    """Not his department's word, and nobody else's any more; and yet a row that can't be read may be his."""
    history = [said(1, "2018-01-01"), Said(1, CIVIL, False, date(2019, 5, 1), noted=True)]
    assert changes(listing(("P1", "低保户")), {("P1", "dibao"): history}) == []
    assert changes(listing(), {("P1", "dibao"): history}) == [("P1", "removed", "2019-06-01")]


def test_a_change_told_after_a_list_is_a_word_again() -> None:
    """Civil affairs left him out from 1 June and reported him anew on the 12th: from then on he is held by its word."""
    books = Offices({"P1"})
    books.take(CIVIL, 6, set())
    books.report(CIVIL, "2019-06-12")
    assert books.take(POVERTY, 6, set()) == [("P1", "removed", "2019-06-01")]
    assert not books.held("2019-06-11")
    assert books.held("2019-06-12")


def test_what_only_reports_changes_is_held_as_the_ledger_says() -> None:
    """docs/domain.md#3.2: the later recorded wins, whoever lists him; the next list brings him back."""
    books = Offices({"P1"})
    books.report(POVERTY, "2019-06-12", added=False)
    assert not books.held("2019-06-12")
    assert books.take(CIVIL, 6, {"P1"}) == [("P1", "added", "2019-06-12")]


PEOPLE = st.sets(st.sampled_from(["P1", "P2", "P3"]))
MONTHS = (6, 7, 8, 9)


@given(
    PEOPLE,
    st.lists(st.tuples(PEOPLE, PEOPLE), min_size=len(MONTHS), max_size=len(MONTHS)),
    st.lists(st.booleans(), min_size=len(MONTHS), max_size=len(MONTHS)),
)
def test_the_order_in_which_departments_hand_in_a_month_decides_nothing(
    before: set[str], lists: list[tuple[set[str], set[str]]], poverty_first: list[bool]
) -> None:
    books = Offices(before)
    for month, (civil, poverty), reverse in zip(MONTHS, lists, poverty_first, strict=True):
        for source, people in sorted(((CIVIL, civil), (POVERTY, poverty)), reverse=reverse):
            books.take(source, month, people)
            assert books.take(source, month, people) == []  # the same list again
        assert books.members(month) == civil | poverty
        assert (books.listed_by(CIVIL, month), books.listed_by(POVERTY, month)) == (civil, poverty)
    assert [books.members(month) for month in MONTHS] == [civil | poverty for civil, poverty in lists]


@given(PEOPLE, st.lists(st.tuples(st.sampled_from([CIVIL, POVERTY]), PEOPLE, st.booleans()), max_size=12))
def test_nor_does_it_when_one_is_months_behind_or_mends_its_list(
    before: set[str], handed_in: list[tuple[str, set[str], bool]]
) -> None:
    books, last, months = Offices(before), {}, {CIVIL: MONTHS[0], POVERTY: MONTHS[0]}
    rest = [(source, {"P1"}, False) for source in (CIVIL, POVERTY) for _ in MONTHS]
    for source, people, mended in [*handed_in, *rest]:
        if months[source] in MONTHS:
            last[source, months[source]] = people
            books.take(source, months[source], people)
            months[source] += not mended
    for month in MONTHS:
        assert books.members(month) == last[CIVIL, month] | last[POVERTY, month]


class Offices:
    """Two departments over months, as a ledger that had everybody of ``before`` from both, and their lists' records."""

    def __init__(self, before: set[str]) -> None:
        self.changes: list[tuple[str, Said]] = []
        self.records: list[Noted] = []
        for source in (CIVIL, POVERTY):
            for person_id in before:
                self.report(source, "2018-01-01", person_id)

    def report(self, source: str, on: str, person_id: str = "P1", *, added: bool = True) -> None:
        self.changes.append((person_id, said(len(self.changes) + 1, on, added=added, source=source)))

    def histories(self) -> dict[Membership, list[Said]]:
        found: dict[Membership, list[Said]] = {}
        for person_id, change in self.changes:
            found.setdefault((person_id, "dibao"), []).append(change)
        take_note(found, self.records)
        return found

    def take(self, source: str, month: int, people: set[str]) -> list[tuple[str, ...]]:
        period = Period(2019, month)
        handed = Handed(source, period, period.first, period.first)
        read = listing(*((person_id, "dibao") for person_id in sorted(people)))
        found = compare(read, self.histories(), handed)
        for change in found.changes:
            self.report(source, change.effective_on.isoformat(), change.person_id, added=change.change == "added")
        left_out = frozenset(found.left_out)
        self.records.append(Noted(source, period, period.first, "", left_out, found.held_against))
        return [(each.person_id, each.change, each.effective_on.isoformat()) for each in found.changes]

    def held(self, on: str, person_id: str = "P1") -> bool:
        return held_on(booked(self.histories()[person_id, "dibao"]), date.fromisoformat(on))

    def members(self, month: int) -> set[str]:
        """Who is on the ledger's roster throughout a month; nobody is on it for a part."""
        days = [Period(2019, month).first + timedelta(days=offset) for offset in range(28)]
        held = {
            person_id: {held_on(booked(history), day) for day in days}
            for (person_id, _), history in self.histories().items()
        }
        assert all(len(each) == 1 for each in held.values())
        return {person_id for person_id, each in held.items() if each == {True}}

    def listed_by(self, source: str, month: int) -> set[str]:
        """Whom ``claims roster publish`` says that a department lists."""
        roster = draw_up("220621", Period(2019, month), self.histories(), {})
        said_so = "civil_affairs" if source == CIVIL else "poverty_office"
        one_only = {each.person_id for each in roster.differences if getattr(each, said_so)}
        both = {member.person_id for member in roster.members} - {
            each.person_id for each in roster.differences if each.kind.endswith("_only")
        }
        return one_only | both


def test_a_change_within_the_month_is_not_undone_by_a_list_that_knows_it() -> None:
    left: dict[Membership, list[Said]] = {("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2019-06-20", added=False)]}
    came: dict[Membership, list[Said]] = {("P1", "dibao"): [said(1, "2019-06-15")]}
    assert changes(listing(), left) == []
    assert changes(listing(("P1", "dibao")), came) == []
    assert changes(listing(), came) == [("P1", "removed", "2019-06-15")]


def test_a_refused_row_takes_nothing_from_the_person_it_names() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "dibao"): [said(2, "2018-01-01")],
    }
    found = compare(listing(("P1", "低保户")), histories, OURS)
    assert found.kept == [("P1", "dibao")]
    assert [change.person_id for change in found.removed] == ["P2"]
    unreadable = compare(listing(("P 1", "dibao")), histories, OURS)
    assert (unreadable.removed, len(unreadable.kept)) == ([], 2)


@pytest.mark.parametrize(("kept", "cut_off"), [(8, False), (7, True), (0, True)])
def test_a_list_that_removes_more_than_a_fifth_looks_cut_off(kept: int, cut_off: bool) -> None:
    histories: dict[Membership, list[Said]] = {
        (f"P{number}", "dibao"): [said(number, "2018-01-01")] for number in range(10)
    }
    read = listing(*((f"P{number}", "dibao") for number in range(kept)))
    assert (compare(read, histories, OURS).shrinks is not None) is cut_off


@pytest.mark.parametrize(
    ("orphans", "listed_as", "cut_off"),
    [
        (4, None, True),  # 4 of 34 is 11.8%, under the fifth
        (1, None, True),
        (4, ("P33", "孤儿"), False),  # 3 of 34 leave, and the category is there
        (4, ("P99", "孤儿"), False),
    ],
)
def test_a_list_without_a_category_that_stands_looks_cut_off(
    orphans: int, listed_as: tuple[str, str] | None, cut_off: bool
) -> None:
    histories: dict[Membership, list[Said]] = {
        (f"P{number}", "dibao" if number < 30 else "orphan"): [said(number, "2018-01-01")]
        for number in range(30 + orphans)
    }
    read = listing(*((f"P{number}", "dibao") for number in range(30)), *([listed_as] if listed_as else []))
    assert ("orphan" in (compare(read, histories, OURS).shrinks or "")) is cut_off


def test_a_category_of_which_nobody_stands_any_more_is_not_missing() -> None:
    """An orphan of whom another department's word stands was left out once, by a list that was checked and allowed."""
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "orphan"): [said(2, "2018-01-01"), said(3, "2018-01-01", source=POVERTY)],
    }
    may = Noted(CIVIL, Period(2019, 5), date(2019, 5, 1), "", frozenset([("P2", "orphan")]), 3)
    take_note(histories, [may])
    found = compare(listing(("P1", "dibao")), histories, OURS)
    assert (found.shrinks, found.changes) == (None, [])


def test_a_category_of_refused_rows_is_not_missing() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "orphan"): [said(2, "2018-01-01")],
    }
    found = compare(listing(("P1", "dibao"), ("P2", "孤儿", "soon")), histories, OURS)
    assert (found.shrinks, found.kept) == (None, [("P2", "orphan")])


def test_events_say_when_their_list_was_late() -> None:
    late = Handed(CIVIL, JUNE, date(2019, 6, 11), FIRST)
    (change,) = compare(listing(("P1", "dibao")), {}, late).changes
    assert event_of(change, late, "clerk-7") == {
        "specversion": "1.0",
        "source": CIVIL,
        "id": change.event_id,
        "type": "roster.changed.v1",
        "period": "2019-06",
        "received": "2019-06-11",
        "late": True,
        "actor": "clerk-7",
        "data": {"person_id": "P1", "category": "dibao", "change": "added", "effective_on": "2019-06-01"},
    }
    assert "late" not in event_of(change, Handed(CIVIL, JUNE, date(2019, 6, 10), FIRST), "clerk-7")


DAYS = st.integers(0, 90).map(lambda offset: date.fromordinal(date(2019, 4, 15).toordinal() + offset))
HISTORIES = st.lists(st.tuples(st.sampled_from([CIVIL, POVERTY]), st.booleans(), DAYS), max_size=6).map(
    lambda made: [Said(number, *each) for number, each in enumerate(made, start=1)]
)


@given(HISTORIES, st.booleans(), st.none() | DAYS)
def test_after_a_list_the_ledger_says_what_it_says_and_the_list_again_changes_nothing(
    history: list[Said], listed: bool, on: date | None
) -> None:
    read = listing(("P1", "dibao", on)) if listed else listing()
    found = compare(read, {("P1", "dibao"): history}, OURS)
    ids = [change.event_id for change in found.changes]
    assert len(set(ids)) == len(ids)
    after = [
        *history,
        *(
            Said(len(history) + number, CIVIL, change.change == "added", change.effective_on)
            for number, change in enumerate(found.changes, start=1)
        ),
    ]
    noted = Noted(CIVIL, JUNE, FIRST, "", frozenset(found.left_out), found.held_against)
    take_note({("P1", "dibao"): after}, [noted])
    assert compare(read, {("P1", "dibao"): after}, OURS).changes == []
    own = [each for each in after if each.source == CIVIL]
    if listed and (on is None or on <= JUNE.last):
        assert held_on(own, JUNE.last)
        assert held_on(booked(after), JUNE.last)
    if not listed:
        assert not held_on(own, JUNE.last)


def test_a_list_after_another_makes_new_events() -> None:
    def only(read: RosterList, history: list[Said]) -> str:
        (change,) = compare(read, {("P1", "dibao"): history}, OURS).changes
        return change.event_id

    first = only(listing(("P1", "dibao")), [])
    assert only(listing(("P1", "dibao")), []) == first
    corrected = [said(1, "2019-06-01"), said(2, "2019-06-01", added=False)]
    assert only(listing(("P1", "dibao")), corrected) != first


@pytest.mark.parametrize("text", ["2019-6", "2019-13", "201906", "2019-00", "x"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        Period.parse(text)


def test_the_days_of_a_month() -> None:
    assert Period.parse("2020-02").last == date(2020, 2, 29)
    assert Period(2019, 12).last == date(2019, 12, 31)
    assert Period(2019, 12) < Period(2020, 1)


def test_hospitals_files_open_with_their_chinese_whole() -> None:
    assert csv_bytes(("参保人编号",), [("P1",)]) == b"\xef\xbb\xbf" + "参保人编号\r\nP1\r\n".encode()


def test_who_says_what_and_who_is_not_enrolled() -> None:
    histories: dict[Membership, list[Said]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P1", "registered_poor"): [said(2, "2019-03-01", source=POVERTY)],
        ("P2", "registered_poor"): [said(3, "2018-01-01", source=POVERTY)],
        ("P3", "destitute"): [said(4, "2018-01-01")],
        ("P4", "dibao"): [said(5, "2018-01-01"), said(6, "2019-05-01", added=False, source=POVERTY)],
        ("P5", "dibao"): [said(7, "2018-01-01"), said(8, "2019-06-20", added=False)],
        ("P6", "dibao"): [said(9, "2018-01-01", source="civil-affairs/140400")],
        ("P7", "dibao"): [said(10, "2018-01-01")],
        ("P8", "dibao"): [said(11, "2018-01-01")],
    }
    insured = {
        person: Insured(region, date(2019, 1, 1))
        for person, region in (("P1", "220621"), ("P2", "220621"), ("P4", "220621"), ("P6", "220621"), ("P7", "360923"))
    }
    insured["P8"] = Insured("220621", date(2019, 1, 1), died_on=date(2019, 6, 19))
    roster = draw_up("220621", JUNE, histories, insured)
    assert [(each.person_id, each.categories, each.since.isoformat(), each.enrolled) for each in roster.members] == [
        ("P1", ["dibao", "registered_poor"], "2018-01-01", True),
        ("P2", ["registered_poor"], "2018-01-01", True),
        ("P3", ["destitute"], "2018-01-01", False),
        ("P6", ["dibao"], "2018-01-01", True),  # insured here, listed where he came from
    ]
    assert [(each.kind, each.person_id) for each in roster.differences] == [
        ("poverty_office_only", "P2"),
        ("not_enrolled", "P3"),
        ("civil_affairs_only", "P3"),
        ("civil_affairs_only", "P4"),
        ("contested", "P4"),
        ("enrolled_elsewhere", "P7"),
        ("civil_affairs_only", "P7"),
        ("deceased", "P8"),
        ("civil_affairs_only", "P8"),
    ]  # P5 left on the 20th
    assert (roster.in_both, roster.enrolled) == (1, 3)
