"""What a full list changes in the ledger, beside the lists of other departments."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from processors.rosters.histories import add_records
from processors.rosters.imports import ImportRecord
from processors.rosters.list_comparison import ListReceipt, compare_list, event_of
from processors.rosters.lists import Membership, RosterList
from processors.rosters.memberships import DepartmentStatement, held_on, ledger_changes
from tests.rosters import CIVIL, FIRST, JUNE, OURS, POVERTY, Offices, changes, listing, said


def test_additions_and_removals_of_a_full_list() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
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
    histories: dict[Membership, list[DepartmentStatement]] = {("P1", "dibao"): [said(1, "2019-04-01")]}
    assert changes(listing(("P1", "dibao", "2019-02-01")), histories) == [("P1", "added", "2019-02-01")]
    assert changes(listing(("P1", "dibao", "2019-05-01")), histories) == []


def test_what_another_department_took_away_is_added_again_by_who_lists_it() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2019-05-01", added=False, source=POVERTY)]
    }
    assert changes(listing(("P1", "dibao")), histories) == [("P1", "added", "2019-06-01")]


def test_whom_another_department_lists_is_left_out_and_not_removed() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2018-01-01", source=POVERTY)]
    }
    found = compare_list(listing(), histories, OURS)
    assert (found.changes, found.left_out) == ([], {("P1", "dibao"): [POVERTY]})
    assert (found.leaving["dibao"], found.last_change) == (1, 2)


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
    history = [said(1, "2018-01-01"), DepartmentStatement(1, CIVIL, False, date(2019, 5, 1), unbooked=True)]
    assert changes(listing(("P1", "富人")), {("P1", "dibao"): history}) == []
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


def test_a_change_within_the_month_is_not_undone_by_a_list_that_knows_it() -> None:
    left: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01"), said(2, "2019-06-20", added=False)]
    }
    came: dict[Membership, list[DepartmentStatement]] = {("P1", "dibao"): [said(1, "2019-06-15")]}
    assert changes(listing(), left) == []
    assert changes(listing(("P1", "dibao")), came) == []
    assert changes(listing(), came) == [("P1", "removed", "2019-06-15")]


def test_a_refused_row_takes_nothing_from_the_person_it_names() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "dibao"): [said(2, "2018-01-01")],
    }
    found = compare_list(listing(("P1", "富人")), histories, OURS)
    assert found.kept == [("P1", "dibao")]
    assert [change.person_id for change in found.removed] == ["P2"]
    unreadable = compare_list(listing(("P 1", "dibao")), histories, OURS)
    assert (unreadable.removed, len(unreadable.kept)) == ([], 2)


def test_events_say_when_their_list_was_late() -> None:
    late = ListReceipt(CIVIL, JUNE, date(2019, 6, 11), FIRST)
    (change,) = compare_list(listing(("P1", "dibao")), {}, late).changes
    assert event_of(change, late, "clerk-7", "a0" * 32) == {
        "specversion": "1.0",
        "source": CIVIL,
        "id": change.event_id,
        "type": "roster.changed.v1",
        "period": "2019-06",
        "received": "2019-06-11",
        "late": True,
        "actor": "clerk-7",
        "list": "agagagagagagagag",
        "data": {"person_id": "P1", "category": "dibao", "change": "added", "effective_on": "2019-06-01"},
    }
    assert "late" not in event_of(change, ListReceipt(CIVIL, JUNE, date(2019, 6, 10), FIRST), "clerk-7", "")


DAYS = st.integers(0, 90).map(lambda offset: date.fromordinal(date(2019, 4, 15).toordinal() + offset))
HISTORIES = st.lists(st.tuples(st.sampled_from([CIVIL, POVERTY]), st.booleans(), DAYS), max_size=6).map(
    lambda made: [DepartmentStatement(number, *each) for number, each in enumerate(made, start=1)]
)


@given(HISTORIES, st.booleans(), st.none() | DAYS)
def test_after_a_list_the_ledger_says_what_it_says_and_the_list_again_changes_nothing(
    history: list[DepartmentStatement], listed: bool, on: date | None
) -> None:
    read = listing(("P1", "dibao", on)) if listed else listing()
    found = compare_list(read, {("P1", "dibao"): history}, OURS)
    ids = [change.event_id for change in found.changes]
    assert len(set(ids)) == len(ids)
    after = [
        *history,
        *(
            DepartmentStatement(len(history) + number, CIVIL, change.change == "added", change.effective_on)
            for number, change in enumerate(found.changes, start=1)
        ),
    ]
    noted = ImportRecord(CIVIL, JUNE, FIRST, "", frozenset(found.left_out), found.last_change)
    add_records({("P1", "dibao"): after}, [noted])
    assert compare_list(read, {("P1", "dibao"): after}, OURS).changes == []
    own = [each for each in after if each.source == CIVIL]
    if listed and (on is None or on <= JUNE.last):
        assert held_on(own, JUNE.last)
        assert held_on(ledger_changes(after), JUNE.last)
    if not listed:
        assert not held_on(own, JUNE.last)


def test_a_list_after_another_makes_new_events() -> None:
    def only(read: RosterList, history: list[DepartmentStatement]) -> str:
        (change,) = compare_list(read, {("P1", "dibao"): history}, OURS).changes
        return change.event_id

    first = only(listing(("P1", "dibao")), [])
    assert only(listing(("P1", "dibao")), []) == first
    corrected = [said(1, "2019-06-01"), said(2, "2019-06-01", added=False)]
    assert only(listing(("P1", "dibao")), corrected) != first
