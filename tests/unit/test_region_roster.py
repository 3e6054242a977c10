"""A region's roster of a month, and the days of the month."""

from datetime import date

import pytest

from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement
from processors.rosters.period import Period
from processors.rosters.region_roster import YearEnrolment, draw_up_roster
from tests.rosters import JUNE, POVERTY, said


@pytest.mark.parametrize("text", ["2019-6", "2019-13", "201906", "2019-00", "x"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        Period.parse(text)


def test_the_days_of_a_month() -> None:
    assert Period.parse("2020-02").last == date(2020, 2, 29)
    assert Period(2019, 12).last == date(2019, 12, 31)
    assert Period(2019, 12) < Period(2020, 1)


def test_who_says_what_and_who_is_not_enrolled() -> None:
    histories: dict[Membership, list[DepartmentStatement]] = {
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
        person: YearEnrolment(region, date(2019, 1, 1))
        for person, region in (("P1", "220621"), ("P2", "220621"), ("P4", "220621"), ("P6", "220621"), ("P7", "360923"))
    }
    insured["P8"] = YearEnrolment("220621", date(2019, 1, 1), died_on=date(2019, 6, 19))
    roster = draw_up_roster("220621", JUNE, histories, insured)
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
