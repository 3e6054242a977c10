"""A person's history from the ledger: what was known when, what each layer decided and why, and whether it holds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import entries
from policies.claim import Claim
from policies.engine import Schemes
from processors.delivery.names import INTAKE_JOURNAL
from processors.delivery.run import runs
from processors.law.pinned_schemes import PinnedSchemes
from processors.person.bookings import (
    accumulated_by,
    differences,
    grants_shown,
    premiums_shown,
    statements_shown,
    unfinished,
)
from processors.person.claim_history import rebuild
from processors.person.entry_view import Story, accumulations_json
from processors.premiums.history import enrolments_told
from processors.queries.uplift import uplifts_of
from projections.rosters import RosterChange, categories_on

Row = Mapping[str, Any]
COUNTY_TIME = ZoneInfo("Asia/Shanghai")


async def replay(
    engine: AsyncEngine, person_id: str, as_of: datetime | None = None, on: date | None = None
) -> dict[str, Any]:
    """The person's history and standing as known at ``as_of`` (default: now), JSON-ready, money as yuan strings.

    ``history`` is every entry about the person recorded by then; ``statements``, ``accumulations``, ``grants`` and
    ``premiums`` are as they stood; with ``on`` the first two cover claims dated up to that day. ``categories`` are
    those held on that day, or on the day of ``as_of``. ``uplift`` tells by claim id what preferences add for a poor
    person.
    ``consistent`` says whether settling from scratch, under the facts known then, gives what was booked by then, and
    ``differences`` where not; it is None with a reason in ``skipped`` where a run was in flight. An ``as_of`` without
    a zone is county time.
    """
    moment = as_of or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=COUNTY_TIME)
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        told = await _entries(connection, person_id)
        known = [entry for entry in told if entry["recorded_at"] <= moment]
        later = told[len(known) :]
        claims, roster = rebuild(entry for entry in known if entry["journal"] == INTAKE_JOURNAL)
        pinned = PinnedSchemes()
        enrolled_under = {enrolment.scheme for enrolment in enrolments_told(known) if enrolment.scheme is not None}
        schemes = await pinned.require(connection, enrolled_under | {claim.scheme for claim in claims})
        skipped = unfinished(known, later) or await _in_flight(connection, person_id, moment)
    day = on or moment.astimezone(COUNTY_TIME).date()
    return {
        **_told(person_id, moment, on, known, claims, roster, schemes, skipped),
        "categories": list(categories_on(roster, day)),
        "uplift": uplifts_of(claims, schemes),
    }


def _told(
    person_id: str,
    moment: datetime,
    on: date | None,
    known: Sequence[Row],
    claims: Sequence[Claim],
    roster: Sequence[RosterChange],
    schemes: Schemes,
    skipped: str | None,
) -> dict[str, Any]:
    found = [] if skipped else differences(known, claims, roster, schemes)
    dates = {claim.claim_id: claim.date for claim in claims}
    statements = statements_shown(known).values()
    return {
        "person_id": person_id,
        "as_of": moment.isoformat(),
        "on": on.isoformat() if on else None,
        "history": Story(schemes).tell(known),
        "statements": [row for row in statements if on is None or dates[row["claim_id"]] <= on],
        "accumulations": accumulations_json(person_id, accumulated_by(known, dates, on)),
        "grants": [{"person_id": person_id} | grant for _, grant in sorted(grants_shown(known).items())],
        "premiums": premiums_shown(known),
        "consistent": None if skipped else not found,
        "skipped": skipped,
        "differences": found,
    }


async def _entries(connection: AsyncConnection, person_id: str) -> list[Row]:
    """All entries about a person in the order of recording.

    What follows from a fact is recorded after it, in another transaction; entries of one transaction share their
    moment and keep their journal's order.
    """
    rows = await connection.execute(
        select(entries)
        .where(entries.c.person_id == person_id)
        .order_by(entries.c.recorded_at, entries.c.journal, entries.c.number)
    )
    return [cast("Row", row) for row in rows.mappings()]


async def _in_flight(connection: AsyncConnection, person_id: str, moment: datetime) -> str | None:
    rows = await connection.execute(
        select(runs.c.run).where(runs.c.person_id == person_id, runs.c.opened_at <= moment).order_by(runs.c.run)
    )
    flying = [str(run) for run in rows.scalars()]
    return f"in flight or parked: run {', '.join(flying)}" if flying else None
