"""Replays a person's history from the ledger: what was known when, what was decided, and whether it holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import entries
from processors.delivery.names import INTAKE_JOURNAL
from processors.delivery.run import runs
from processors.law.pinned_schemes import PinnedSchemes
from processors.person.differences import replay_differences
from processors.person.history import PersonHistory
from processors.person.history_reader import (
    HistoryReader,
    accumulations,
    held_grants,
    last_statements,
    net_premiums,
    run_in_flight,
)
from processors.person.premium_history import premiums_due, read_enrolments
from processors.person.replay_json import replay_json
from processors.pipeline.claim_history import pinned_texts, read_claims
from processors.pipeline.fact_decoders import EntryRow


async def replay(
    engine: AsyncEngine, person_id: str, as_of: datetime | None = None, on: date | None = None
) -> dict[str, Any]:
    """``load_history`` as JSON: see ``replay_json``."""
    return replay_json(await load_history(engine, person_id, as_of, on))


async def load_history(
    engine: AsyncEngine, person_id: str, as_of: datetime | None = None, on: date | None = None
) -> PersonHistory:
    """The person's history as known at ``as_of`` (default: now), compared with settling from scratch.

    An ``as_of`` without a zone is county time. Nobody's history is empty. Raises ``HistoryError`` where the entries
    give no history, ``LookupError`` where a pinned text is missing or damaged.
    """
    async with snapshot(engine) as connection:
        return await history_in(connection, person_id, as_of, on)


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection all of whose questions are answered as of one moment."""
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield connection


async def history_in(
    connection: AsyncConnection, person_id: str, as_of: datetime | None = None, on: date | None = None
) -> PersonHistory:
    """As ``load_history``, in the snapshot of a connection, for who reads more beside it."""
    moment = as_of or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=COUNTY_TIME)
    rows = await _load_rows(connection, person_id)
    known = [row for row in rows if row["recorded_at"] <= moment]
    taken_in = [row for row in known if row["journal"] == INTAKE_JOURNAL]
    claims, roster = read_claims(taken_in)
    enrolments = read_enrolments(taken_in)
    enrolled_under = {enrolment.scheme for enrolment in enrolments if enrolment.scheme is not None}
    # What was booked is told by the text that it was booked under, though the claim has moved to newer ones since.
    schemes = await PinnedSchemes().require(connection, enrolled_under | pinned_texts(taken_in))
    read = HistoryReader().read(known)
    skipped = run_in_flight(read, rows[len(known) :]) or await _open_runs(connection, person_id, moment)
    days = {claim.claim_id: claim.date for claim in claims}
    return PersonHistory(
        person_id=person_id,
        as_of=moment,
        on=on,
        day=on or moment.astimezone(COUNTY_TIME).date(),
        entries=read,
        claims=claims,
        roster=roster,
        schemes=schemes,
        statements=[each for each in last_statements(read) if on is None or days[each.claim_id] <= on],
        accumulated=accumulations(read, days, on),
        grants=held_grants(read),
        premiums=[premium for _, premium in sorted(net_premiums(read).items())],
        skipped=skipped,
        differences=[]
        if skipped
        else replay_differences(read, claims, premiums_due(enrolments, roster, schemes), schemes),
    )


async def _load_rows(connection: AsyncConnection, person_id: str) -> list[EntryRow]:
    """All entries about a person in the order of recording.

    What follows from a fact is recorded after it, in another transaction; entries of one transaction share their
    moment and keep their journal's order.
    """
    rows = await connection.execute(
        select(entries)
        .where(entries.c.person_id == person_id)
        .order_by(entries.c.recorded_at, entries.c.journal, entries.c.number)
    )
    return [cast("EntryRow", row) for row in rows.mappings()]


async def _open_runs(connection: AsyncConnection, person_id: str, moment: datetime) -> str | None:
    rows = await connection.execute(
        select(runs.c.run).where(runs.c.person_id == person_id, runs.c.opened_at <= moment).order_by(runs.c.run)
    )
    opened = [str(run) for run in rows.scalars()]
    return f"in flight or parked: run {', '.join(opened)}" if opened else None
