"""Who came onto a region's roster and who left it since the month before: what townships are told (上高 一4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from processors.delivery.names import INTAKE_JOURNAL
from processors.delivery.position import positions
from processors.rosters.histories import load_histories
from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement
from processors.rosters.period import Period
from processors.rosters.region_roster import RegionRoster, draw_up_roster, enrolments_of
from projections.enrolments import enrolments
from projections.roster_deliveries import roster_deliveries

ChangeKind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Residence:
    """Where a person lives, as the last enrolment up to the month's year says."""

    township: str | None
    village: str | None
    household_id: str | None


@dataclass(frozen=True, slots=True)
class MonthChange:
    """A person who came, left, or whose categories changed since the list before."""

    kind: ChangeKind
    person_id: str
    before: list[str]
    after: list[str]


@dataclass(frozen=True, slots=True)
class MonthRoster:
    """A month's roster beside that of the month before; ``known_until`` is the last entry of intake that it knows."""

    roster: RegionRoster
    changes: list[MonthChange]
    residences: Mapping[str, Residence]
    known_until: int

    def township_of(self, person_id: str) -> str | None:
        """The township of a person, where it is known and one of the region's: no list goes to another county's."""
        found = self.residences.get(person_id)
        if found is None or found.township is None or not covers(self.roster.region, found.township[:6]):
            return None
        return found.township


async def load_month_roster(connection: AsyncConnection, region: str, period: Period) -> MonthRoster:
    """A month's roster as the ledger knows it now, and how it differs from the list that went out before it.

    The list before is as it was known when it went out, where that was noted: what a late list changed of an earlier
    month is a change of this one.
    """
    histories = await load_histories(connection)
    known_until = await _known_until(connection)
    roster = draw_up_roster(region, period, histories, await enrolments_of(connection, period.year))
    before_period, known = await _last_list(connection, region, period)
    before = draw_up_roster(
        region, before_period, _as_known(histories, known), await enrolments_of(connection, before_period.year)
    )
    residences = await _residences(connection, period.year)
    return MonthRoster(roster, month_changes(before, roster), residences, known_until)


def month_changes(before: RegionRoster, after: RegionRoster) -> list[MonthChange]:
    """Who is on one roster and not on the other, or under other categories, by person."""
    then = {member.person_id: member.categories for member in before.members}
    now = {member.person_id: member.categories for member in after.members}
    changes = []
    for person_id in sorted({*then, *now}):
        was, is_ = then.get(person_id, []), now.get(person_id, [])
        if was != is_:
            kind: ChangeKind = "added" if not was else "removed" if not is_ else "changed"
            changes.append(MonthChange(kind, person_id, was, is_))
    return changes


def _as_known(
    histories: Mapping[Membership, list[DepartmentStatement]], known: int | None
) -> Mapping[Membership, list[DepartmentStatement]]:
    if known is None:
        return histories
    return {key: [said for said in history if said.number <= known] for key, history in histories.items()}


async def _known_until(connection: AsyncConnection) -> int:
    query = select(func.max(positions.c.journal_number)).where(positions.c.consumer == INTAKE_JOURNAL)
    return int((await connection.execute(query)).scalar_one() or 0)


async def _last_list(connection: AsyncConnection, region: str, period: Period) -> tuple[Period, int | None]:
    """Of which earlier month the last list went out, and what it knew; the month before where none was noted."""
    table = roster_deliveries.c
    query = (
        select(table.period, table.known_until)
        .where(table.region == region, table.period < str(period))
        .order_by(table.period.desc(), table.number.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return Period(period.year - (period.month == 1), (period.month - 2) % 12 + 1), None
    return Period.parse(found.period), int(found.known_until)


async def _residences(connection: AsyncConnection, year: int) -> dict[str, Residence]:
    table = enrolments.c
    columns = (table.township, table.village, table.household_id)
    rows = await connection.execute(select(table.person_id, *columns).where(table.year <= year).order_by(table.year))
    return {row.person_id: Residence(*row[1:]) for row in rows}
