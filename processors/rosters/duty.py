"""Who has done what a month's rosters ask: lists in by the 10th, lists out by the 20th, with receipts (抚松 四(五))."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import CIVIL_AFFAIRS, POVERTY_OFFICE
from events.codes import covers
from events.county_time import COUNTY_TIME
from processors.rosters.period import Period
from processors.rosters.region_roster import designated_hospitals
from projections.enrolments import enrolments
from projections.roster_deliveries import roster_deliveries

DutyState = Literal["on_time", "late", "missing", "waiting"]
STATE_NAMES: Mapping[DutyState, str] = {
    "on_time": "按时",
    "late": "迟",
    "missing": "未办",
    "waiting": "未到期",
}
DEPARTMENT_NAMES: Mapping[str, str] = {CIVIL_AFFAIRS: "民政部门", POVERTY_OFFICE: "扶贫部门"}
RECIPIENT_NAMES: Mapping[str, str] = {"hospital": "定点医疗机构", "health_bureau": "卫健局", "township": "乡镇医保所"}
_IMPORTS = table(
    "roster_imports",
    *map(
        column,
        (
            "source",
            "region",
            "period",
            "received_on",
            "late",
            "actor",
            "listed",
            "added",
            "removed",
            "stands",
            "number",
        ),
    ),
    schema="finance",
)


@dataclass(frozen=True, slots=True)
class ListIn:
    """A department's duty: its list of the month, the first that stands, and what it came to."""

    source: str
    region: str
    due_on: date
    state: DutyState
    received_on: date | None = None
    actor: str | None = None
    listed: int | None = None
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class ListOut:
    """A recipient of the month's list: when the last one went out and was received."""

    region: str
    recipient_kind: str
    recipient: str
    due_on: date
    state: DutyState
    published_on: date | None = None
    published_by: str | None = None
    persons: int | None = None
    additions: int | None = None
    removals: int | None = None
    received_on: date | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class RosterDuty:
    """What a month asks of departments and of the bureau, and what was done."""

    period: Period
    lists_in: list[ListIn]
    lists_out: list[ListOut]


async def load_duty(connection: AsyncConnection, period: Period, region: str | None, today: date) -> RosterDuty:
    """The duties of a month, of one region or of all that have had rosters."""
    rows = await _imports(connection)
    regions = await _regions(connection, rows) if region is None else [region]
    lists_in = [each for code in regions for each in _lists_in(code, period, _standing(rows, period), today)]
    lists_out = [each for code in regions for each in await _lists_out(connection, code, period, today)]
    return RosterDuty(period, lists_in, lists_out)


async def load_lists_in(connection: AsyncConnection, period: Period, today: date) -> list[ListIn]:
    """What departments owe of a month alone, in all regions that have had rosters."""
    rows = await _imports(connection)
    standing = _standing(rows, period)
    return [each for code in await _regions(connection, rows) for each in _lists_in(code, period, standing, today)]


async def _imports(connection: AsyncConnection) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(select(_IMPORTS).order_by(_IMPORTS.c.number))).mappings()]


def _standing(imports: Sequence[Mapping[str, Any]], period: Period) -> list[Mapping[str, Any]]:
    return [row for row in imports if row["period"] == str(period) and row["stands"]]


async def _regions(connection: AsyncConnection, imports: Sequence[Mapping[str, Any]]) -> list[str]:
    sent = (await connection.execute(select(roster_deliveries.c.region).distinct())).scalars().all()
    return sorted({*sent, *(row["region"] for row in imports)})


def state_of(due: date, done: date | None, today: date) -> DutyState:
    """Whether something was done by its day; before that day it is no fault that it was not."""
    if done is not None:
        return "on_time" if done <= due else "late"
    return "missing" if today > due else "waiting"


def _lists_in(region: str, period: Period, imports: Sequence[Mapping[str, Any]], today: date) -> list[ListIn]:
    found: list[ListIn] = []
    for kind in (CIVIL_AFFAIRS, POVERTY_OFFICE):
        # a prefecture's department serves its counties
        own = [row for row in imports if row["source"].startswith(f"{kind}/") and covers(row["region"], region)]
        first = min(own, key=lambda row: row["received_on"], default=None)
        if first is None:
            state = state_of(period.due_in, None, today)
            found.append(ListIn(f"{kind}/{region}", region, period.due_in, state))
            continue
        last = own[-1]
        told = (last["actor"], last["listed"], last["added"], last["removed"])
        state = state_of(period.due_in, first["received_on"], today)
        found.append(ListIn(first["source"], region, period.due_in, state, first["received_on"], *told))
    return found


async def _lists_out(connection: AsyncConnection, region: str, period: Period, today: date) -> list[ListOut]:
    gone = roster_deliveries.c
    query = select(roster_deliveries).where(gone.region == region, gone.period == str(period)).order_by(gone.number)
    rows = (await connection.execute(query)).all()
    first = {(row.recipient_kind, row.recipient): row for row in reversed(rows)}
    last = {(row.recipient_kind, row.recipient): row for row in rows}
    found: list[ListOut] = []
    for kind, recipient in sorted({*await _recipients(connection, region, period), *last}, key=_place):
        sent = last.get((kind, recipient))
        if sent is None:
            state = state_of(period.due_out, None, today)
            found.append(ListOut(region, kind, recipient, period.due_out, state))
            continue
        on = first[kind, recipient].published_at.astimezone(COUNTY_TIME).date()
        told = (sent.published_by, sent.persons, sent.additions, sent.removals, sent.received_on, sent.receipt)
        state = state_of(period.due_out, on, today)
        found.append(ListOut(region, kind, recipient, period.due_out, state, on, *told))
    return found


def _place(key: tuple[str, str]) -> tuple[int, str]:
    return ("health_bureau", "township", "hospital").index(key[0]), key[1]


async def _recipients(connection: AsyncConnection, region: str, period: Period) -> list[tuple[str, str]]:
    """To whom a month's list goes: hospitals designated when it is due, the health bureau, townships with insured."""
    hospitals = await designated_hospitals(connection, region, period.due_out)
    table = enrolments.c
    query = (
        select(table.township, table.region).where(table.township.is_not(None), table.year == period.year).distinct()
    )
    townships = {row.township for row in await connection.execute(query) if covers(region, row.region)}
    return [
        ("health_bureau", region),
        *(("township", each) for each in sorted(townships)),
        *(("hospital", each) for each in hospitals),
    ]
