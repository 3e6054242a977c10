"""The roster of a region for a month: the list that hospitals get, and where the departments differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import CIVIL_AFFAIRS, POVERTY_OFFICE
from events.codes import covers
from processors.rosters.lists import Membership
from processors.rosters.memberships import (
    History,
    held_on,
    held_since,
    in_order,
    ledger_changes,
    statements_of,
)
from processors.rosters.period import Period
from projections.enrolments import enrolments
from projections.hospitals import Hospital, hospitals

RosterDifferenceKind = Literal[
    "not_enrolled", "enrolled_elsewhere", "deceased", "poverty_office_only", "civil_affairs_only", "contested"
]
KIND_NAMES: dict[RosterDifferenceKind, str] = {
    "not_enrolled": "在册未参保（应保尽保）",
    "enrolled_elsewhere": "在册，参保在外地",
    "deceased": "已故仍在册",
    "poverty_office_only": "仅扶贫部门在册",
    "civil_affairs_only": "仅民政部门在册",
    "contested": "部门在册，账本已移除",
}


@dataclass(frozen=True, slots=True)
class YearEnrolment:
    """Where a person is enrolled for the month's year, from when, and until when: by death, or by an end of it."""

    region: str
    effective_on: date
    died_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class RosterMember:
    """A rostered person: the categories held, since when without a break, and whether the person is insured."""

    person_id: str
    categories: list[str]
    since: date
    enrolled: bool


@dataclass(frozen=True, slots=True)
class RosterDifference:
    """A person of whom the departments, or roster and enrolments, say different things."""

    kind: RosterDifferenceKind
    person_id: str
    civil_affairs: list[str]
    poverty_office: list[str]
    ledger: list[str]


@dataclass(slots=True)
class RegionRoster:
    """A region's roster on the day on which hospitals' lists of a month are due."""

    region: str
    period: Period
    members: list[RosterMember] = field(default_factory=list)
    differences: list[RosterDifference] = field(default_factory=list)
    in_both: int = 0

    @property
    def enrolled(self) -> int:
        """How many rostered persons are enrolled in the region."""
        return sum(member.enrolled for member in self.members)

    def count(self, kind: RosterDifferenceKind) -> int:
        """How many differences of a kind there are."""
        return Counter(difference.kind for difference in self.differences)[kind]


def draw_up_roster(
    region: str,
    period: Period,
    histories: Mapping[Membership, History],
    enrolments_of_year: Mapping[str, YearEnrolment],
) -> RegionRoster:
    """A region's roster: persons enrolled there, and persons whom its departments list and who are enrolled nowhere.

    ``enrolments_of_year`` are the enrolments of the month's year by person.
    """
    roster = RegionRoster(region, period)
    by_person: dict[str, dict[str, History]] = {}
    for (person_id, category), history in histories.items():
        by_person.setdefault(person_id, {})[category] = history
    for person_id in sorted(by_person):
        _add_person(roster, person_id, by_person[person_id], enrolments_of_year.get(person_id))
    return roster


def _add_person(
    roster: RegionRoster, person_id: str, memberships: Mapping[str, History], enrolment: YearEnrolment | None
) -> None:
    day = roster.period.due_out
    listed = {kind: _listed_by(kind, roster.region, memberships, day) for kind in (CIVIL_AFFAIRS, POVERTY_OFFICE)}
    held = in_order(category for category, history in memberships.items() if held_on(ledger_changes(history), day))
    insured = enrolment is not None and enrolment.effective_on <= day
    insured = insured and (enrolment is None or enrolment.ended_on is None or day < enrolment.ended_on)
    insured_here = insured and enrolment is not None and covers(roster.region, enrolment.region)
    if not (any(listed.values()) or insured_here):
        return

    def add_difference(kind: RosterDifferenceKind) -> None:
        roster.differences.append(
            RosterDifference(kind, person_id, listed[CIVIL_AFFAIRS], listed[POVERTY_OFFICE], held)
        )

    if held and enrolment is not None and enrolment.died_on is not None and enrolment.died_on < day:
        add_difference("deceased")
    elif held and (insured_here or not insured):
        since = [held_since(ledger_changes(memberships[category]), day) for category in held]
        roster.members.append(RosterMember(person_id, held, min(first for first in since if first), insured_here))
        if not insured:
            add_difference("not_enrolled")
    elif held and insured:
        add_difference("enrolled_elsewhere")
    if all(listed.values()):
        roster.in_both += 1
    elif listed[POVERTY_OFFICE]:
        add_difference("poverty_office_only")
    elif listed[CIVIL_AFFAIRS]:
        add_difference("civil_affairs_only")
    if set(listed[CIVIL_AFFAIRS] + listed[POVERTY_OFFICE]) - set(held):
        add_difference("contested")


def _listed_by(kind: str, region: str, memberships: Mapping[str, History], day: date) -> list[str]:
    """The categories under which the departments of a kind that serve the region list a person."""

    def serving(history: History) -> Iterable[str]:
        sources = {statement.source for statement in history}
        return [source for source in sources if source.startswith(f"{kind}/") and covers(region, source[-6:])]

    return in_order(
        category
        for category, history in memberships.items()
        if any(held_on(statements_of(history, source), day) for source in serving(history))
    )


async def enrolments_of(connection: AsyncConnection, year: int) -> dict[str, YearEnrolment]:
    """The enrolments of a year by person."""
    table = enrolments.c
    columns = (table.region, table.effective_on, table.died_on, table.ended_on)
    rows = await connection.execute(select(table.person_id, *columns).where(table.year == year))
    return {row.person_id: YearEnrolment(*row[1:]) for row in rows}


async def designated_hospitals(connection: AsyncConnection, region: str, day: date) -> list[str]:
    """The ids of a region's hospitals that are designated on a day, and whose agreement is not suspended on it."""
    rows = await connection.execute(select(hospitals).order_by(hospitals.c.hospital_id))
    known = [Hospital(**row) for row in rows.mappings()]
    return [
        hospital.hospital_id
        for hospital in known
        if covers(region, hospital.region) and hospital.designated_on(day) and not hospital.suspended_on(day)
    ]
