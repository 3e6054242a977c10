"""A list that is withdrawn leaves every day as it would be without it, whichever lists came before and after."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rosters.histories import add_records
from processors.rosters.imports import ImportRecord, ListRecord, WithdrawalRecord, standing_imports
from processors.rosters.list_comparison import ListReceipt, compare_list
from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement, held_on, ledger_changes, statements_of
from processors.rosters.period import Period
from processors.rosters.withdrawals import ListWithdrawal, both_histories, gone_lists, put_back
from tests.rosters import CIVIL, POVERTY, listing, said

PEOPLE = st.sets(st.sampled_from(["P1", "P2", "P3"]))
MONTHS = (6, 7, 8, 9)
DAYS = [date(2019, month, day) for month in range(1, 12) for day in (1, 15)]


class Ledger:
    """Two departments' lists, their records, and which changes each of them made."""

    def __init__(self, before: set[str]) -> None:
        self.changes: list[tuple[str, DepartmentStatement]] = []
        self.records: list[ListRecord] = []
        self.made: dict[int, set[int]] = {}
        self.restored: dict[int, set[int]] = {}
        for source in (CIVIL, POVERTY):
            for person_id in sorted(before):
                self.state(source, person_id, "2018-01-01", added=True)

    def state(self, source: str, person_id: str, on: str, *, added: bool) -> int:
        number = len(self.changes) + 1
        self.changes.append((person_id, said(number, on, added=added, source=source)))
        return number

    def told(self) -> dict[Membership, list[DepartmentStatement]]:
        found: dict[Membership, list[DepartmentStatement]] = {}
        for person_id, change in self.changes:
            found.setdefault((person_id, "dibao"), []).append(change)
        return found

    def histories(self) -> dict[Membership, list[DepartmentStatement]]:
        found = self.told()
        add_records(found, self.records)
        return found

    def take(self, source: str, month: int, people: set[str], since: str | None = None) -> None:
        period = Period(2019, month)
        read = listing(*((person_id, "dibao", since) for person_id in sorted(people)))
        found = compare_list(read, self.histories(), ListReceipt(source, period, period.first, period.first))
        number = len(self.records) + 1
        self.made[number] = {
            self.state(source, change.person_id, str(change.effective_on), added=change.change == "added")
            for change in found.changes
        }
        left_out = frozenset(found.left_out)
        self.records.append(ImportRecord(source, period, period.first, "", left_out, found.last_change, number))

    def withdraw(self, source: str, month: int) -> ListWithdrawal:
        standing = standing_imports(self.records, source)
        of = next(each for each in reversed(standing) if each.period == Period(2019, month))
        later = [each for each in standing if each.number > of.number]
        withdrawal = ListWithdrawal(of, later, len(self.records), gone_lists(self.records, of))
        numbers = [each.number for each in withdrawal.gone]
        made, restored = (
            {number for each in numbers for number in of_whom.get(each, ())} for of_whom in (self.made, self.restored)
        )
        now, without = both_histories(self.told(), self.records, withdrawal, made, restored)
        for membership in sorted(now):
            put_back(withdrawal, membership, now[membership], without[membership])
        self.restored[of.number] = {
            self.state(source, change.person_id, str(change.effective_on), added=change.change == "added")
            for change in withdrawal.changes
        }
        self.records.append(
            WithdrawalRecord(source, of.period, of.number, tuple(withdrawal.unbooked), len(self.changes))
        )
        return withdrawal

    def held(self, on: date) -> set[str]:
        return {each[0] for each, history in self.histories().items() if held_on(ledger_changes(history), on)}

    def listed(self, source: str, on: date) -> set[str]:
        return {each[0] for each, history in self.histories().items() if held_on(statements_of(history, source), on)}

    def days(self, source: str) -> list[tuple[date, set[str], set[str]]]:
        """Whom the ledger holds, and whom a department supports, day by day."""
        return [(day, self.held(day), self.listed(source, day)) for day in DAYS]


def test_a_list_imported_by_mistake_leaves_no_trace_in_the_roster() -> None:
    """P1 and P2 were on it; the list of another county had P3 since March, and neither of them."""
    books = Ledger({"P1", "P2"})
    books.take(CIVIL, 5, {"P1", "P2"})
    books.take(POVERTY, 5, set())
    before = books.days(CIVIL)
    books.take(CIVIL, 6, {"P3"}, since="2019-03-01")
    assert books.held(date(2019, 6, 15)) == {"P3"}
    withdrawal = books.withdraw(CIVIL, 6)
    assert books.days(CIVIL) == before
    assert [(change.person_id, change.change, str(change.effective_on)) for change in withdrawal.changes] == [
        ("P1", "added", "2019-06-01"),
        ("P2", "added", "2019-06-01"),
        ("P3", "removed", "2019-03-01"),
    ]


def test_what_a_list_left_out_is_supported_again() -> None:
    """The poverty office keeps P1; only the record says that civil affairs left him out."""
    books = Ledger({"P1"})
    before = books.days(CIVIL)
    books.take(CIVIL, 6, set())
    assert (books.held(date(2019, 6, 15)), books.listed(CIVIL, date(2019, 6, 15))) == ({"P1"}, set())
    withdrawal = books.withdraw(CIVIL, 6)
    assert (withdrawal.changes, books.days(CIVIL)) == ([], before)
    books.take(POVERTY, 7, set())  # so civil affairs keeps him
    assert books.held(date(2019, 7, 15)) == {"P1"}


def test_whom_another_list_ended_meanwhile_is_held_again() -> None:
    """Civil affairs left P1 out by mistake, so the poverty office's next list ended the membership."""
    books = Ledger({"P1"})
    books.take(CIVIL, 6, set())
    books.take(POVERTY, 7, set())
    assert books.held(date(2019, 7, 15)) == set()
    books.withdraw(CIVIL, 6)
    assert [books.held(day) for day in DAYS] == [{"P1"}] * len(DAYS)


def test_from_a_later_list_on_its_own_word_holds() -> None:
    """June's list was another county's; July's, which came meanwhile, is right and stands as it is."""
    books = Ledger({"P1"})
    books.take(POVERTY, 5, set())
    books.take(CIVIL, 6, {"P2", "P3"})
    books.take(CIVIL, 7, {"P1", "P2"})
    withdrawal = books.withdraw(CIVIL, 6)
    assert [str(record.period) for record in withdrawal.later] == ["2019-07"]
    assert [sorted(books.held(date(2019, month, 15))) for month in (5, 6, 7, 8)] == [
        *(["P1"], ["P1"], ["P1", "P2"], ["P1", "P2"]),
    ]


@pytest.mark.parametrize("again", [False, True])
@given(
    PEOPLE,
    st.lists(st.tuples(PEOPLE, PEOPLE, st.booleans()), min_size=len(MONTHS), max_size=len(MONTHS)),
    st.sampled_from(MONTHS),
    st.sampled_from([CIVIL, POVERTY]),
)
def test_each_month_has_the_members_of_the_lists_that_stand(
    again: bool, before: set[str], lists: list[tuple[set[str], set[str], bool]], wrong: int, source: str
) -> None:
    """Of the month whose list was withdrawn the department says what it said the month before."""
    books = Ledger(before)
    said_in: dict[tuple[str, int], set[str]] = {(CIVIL, 5): before, (POVERTY, 5): before}
    for month, (civil, poverty, reverse) in zip(MONTHS, lists, strict=True):
        for each, people in sorted(((CIVIL, civil), (POVERTY, poverty)), reverse=reverse):
            books.take(each, month, people)
            said_in[each, month] = people
    books.withdraw(source, wrong)
    for month in MONTHS:
        stands = {each: said_in[each, month - (each == source and month == wrong)] for each in (CIVIL, POVERTY)}
        day = date(2019, month, 15)
        assert (books.listed(CIVIL, day), books.listed(POVERTY, day)) == (stands[CIVIL], stands[POVERTY])
        assert books.held(day) == stands[CIVIL] | stands[POVERTY]
    if again:  # the right list of the month, where no later one stands
        if wrong == MONTHS[-1]:
            books.take(source, wrong, said_in[source, wrong])
            day = date(2019, wrong, 15)
            assert books.held(day) == said_in[CIVIL, wrong] | said_in[POVERTY, wrong]
        else:
            assert books.withdraw(source, MONTHS[-1]).of.period == Period(2019, MONTHS[-1])


def test_lists_that_are_withdrawn_one_after_another_leave_no_trace_either() -> None:
    """What the withdrawal of one list put back rested on another, which is withdrawn then."""
    books = Ledger(set())
    books.take(CIVIL, 6, {"P1"})
    books.take(CIVIL, 7, set())
    books.withdraw(CIVIL, 7)
    assert books.held(date(2019, 7, 15)) == {"P1"}
    books.withdraw(CIVIL, 6)  # the later one was withdrawn first
    assert [books.held(day) for day in DAYS] == [set()] * len(DAYS)
    books = Ledger(set())
    books.take(CIVIL, 6, set())
    books.take(CIVIL, 7, {"P1"})
    books.take(CIVIL, 8, {"P1"})
    books.withdraw(CIVIL, 7)
    assert [books.held(date(2019, month, 15)) for month in (7, 8)] == [set(), {"P1"}]
    books.withdraw(CIVIL, 8)  # the earlier one was
    assert [books.held(day) for day in DAYS] == [set()] * len(DAYS)


def test_whom_another_list_ended_between_two_withdrawn_ones_is_held_again() -> None:
    books = Ledger({"P1"})
    for source, month in ((CIVIL, 7), (POVERTY, 7), (CIVIL, 8)):
        books.take(source, month, set())
    books.withdraw(CIVIL, 7)
    books.withdraw(CIVIL, 8)
    assert [books.held(day) for day in DAYS] == [{"P1"}] * len(DAYS)


@given(
    PEOPLE,
    st.lists(st.tuples(PEOPLE, PEOPLE, st.booleans()), min_size=len(MONTHS), max_size=len(MONTHS)),
    st.lists(st.tuples(st.sampled_from(MONTHS), st.sampled_from([CIVIL, POVERTY])), min_size=2, unique=True),
)
def test_any_lists_may_be_withdrawn_in_any_order(
    before: set[str], lists: list[tuple[set[str], set[str], bool]], wrong: list[tuple[int, str]]
) -> None:
    books = Ledger(before)
    said_in: dict[tuple[str, int], set[str]] = {(CIVIL, 5): before, (POVERTY, 5): before}
    for month, (civil, poverty, reverse) in zip(MONTHS, lists, strict=True):
        for each, people in sorted(((CIVIL, civil), (POVERTY, poverty)), reverse=reverse):
            books.take(each, month, people)
            said_in[each, month] = people
    for month, source in wrong:
        books.withdraw(source, month)
        del said_in[source, month]
    for month in MONTHS:
        stands = {
            each: said_in[each, max(of for who, of in said_in if who == each and of <= month)]
            for each in (CIVIL, POVERTY)
        }
        day = date(2019, month, 15)
        assert (books.listed(CIVIL, day), books.listed(POVERTY, day)) == (stands[CIVIL], stands[POVERTY])
        assert books.held(day) == stands[CIVIL] | stands[POVERTY]
