"""A list that removes too many people, or a whole category, looks cut off."""

from datetime import date

import pytest

from processors.rosters.histories import add_records
from processors.rosters.imports import ImportRecord
from processors.rosters.list_comparison import compare_list
from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement
from processors.rosters.period import Period
from tests.rosters import CIVIL, OURS, POVERTY, listing, said


@pytest.mark.parametrize(("kept", "cut_off"), [(8, False), (7, True), (0, True)])
def test_a_list_that_removes_more_than_a_fifth_looks_cut_off(kept: int, cut_off: bool) -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
        (f"P{number}", "dibao"): [said(number, "2018-01-01")] for number in range(10)
    }
    read = listing(*((f"P{number}", "dibao") for number in range(kept)))
    assert (compare_list(read, histories, OURS).cut_off_reason is not None) is cut_off


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
    histories: dict[Membership, list[DepartmentStatement]] = {
        (f"P{number}", "dibao" if number < 30 else "orphan"): [said(number, "2018-01-01")]
        for number in range(30 + orphans)
    }
    read = listing(*((f"P{number}", "dibao") for number in range(30)), *([listed_as] if listed_as else []))
    assert ("orphan" in (compare_list(read, histories, OURS).cut_off_reason or "")) is cut_off


def test_a_category_of_which_nobody_stands_any_more_is_not_missing() -> None:
    """An orphan of whom another department's word stands was left out once, by a list that was checked and allowed."""
    histories: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "orphan"): [said(2, "2018-01-01"), said(3, "2018-01-01", source=POVERTY)],
    }
    may = ImportRecord(CIVIL, Period(2019, 5), date(2019, 5, 1), "", frozenset([("P2", "orphan")]), 3)
    add_records(histories, [may])
    found = compare_list(listing(("P1", "dibao")), histories, OURS)
    assert (found.cut_off_reason, found.changes) == (None, [])


def test_a_category_of_refused_rows_is_not_missing() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
        ("P1", "dibao"): [said(1, "2018-01-01")],
        ("P2", "orphan"): [said(2, "2018-01-01")],
    }
    found = compare_list(listing(("P1", "dibao"), ("P2", "孤儿", "soon")), histories, OURS)
    assert (found.cut_off_reason, found.kept) == (None, [("P2", "orphan")])
