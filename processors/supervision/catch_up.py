"""Looks for leads in what the ledger has taken in and settled since the last time.

A rule on persons reads again all claims of each person that an entry is about, a rule on peers all of a benefit year in
which such a person has claims. So leads are what looking through the whole ledger once gives, however often it is done.
No consumer waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import Struct, to_builtins
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import LEAD_CHANGED, LEAD_FOUND, LEAD_WITHDRAWN
from events.store.driver import fetch_text
from processors.supervision.content import graver
from processors.supervision.context import KnownContext, load_context
from processors.supervision.journal import LeadJournal, open_lead_journal
from processors.supervision.loading import PERSONS_AT_ONCE
from processors.supervision.rule import COMPARED_YEARS
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.search import YearLookup, YearSearch, find_in_year, find_of_persons, spared_collector
from processors.supervision.years import LoadedYears
from projections.bookings import ENTRIES_IN_RANGES
from projections.leads import (
    Lead,
    LeadContent,
    LeadRegister,
    forget_progress,
    lead_journals,
    lead_years,
    leads,
    load_leads,
)

MOST_NEW = 50_000
"""New entries of a journal. Where there are more, all persons are looked at and not those that entries are about."""

TOUCHED_PERSONS = f"""
SELECT DISTINCT entry.person_id
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS ranges(journal, low, high)
{ENTRIES_IN_RANGES}
WHERE entry.person_id IS NOT NULL
UNION
SELECT DISTINCT statement.person_id
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS ranges(journal, low, high)
{ENTRIES_IN_RANGES}
JOIN projections.suspensions AS turn ON turn.number = entry.number
JOIN projections.statements AS statement ON statement.hospital_id = turn.hospital_id
WHERE entry.journal = 'intake' AND entry.type IN ('hospital.suspended.v1', 'hospital.reinstated.v1')
ORDER BY 1
"""  # noqa: S608 - our own words
ALL_PERSONS = "SELECT DISTINCT person_id FROM projections.statements ORDER BY 1"
"""Every person with a settled claim."""
_YEARS = "SELECT DISTINCT year FROM projections.statements WHERE person_id = ANY($1)"
_ALL_YEARS = """
SELECT DISTINCT year FROM projections.statements UNION SELECT year FROM projections.leads WHERE year IS NOT NULL
"""
MANY_PERSONS = 10_000
"""With more persons to look at, another process that looks at years is worth its start."""
_AWAKE_S = 30.0
"""Less than what the server lets a transaction be idle for."""


_ANYTHING_NEW = """
SELECT EXISTS (
    SELECT FROM processors.positions
    LEFT JOIN projections.lead_journals AS seen
           ON seen.journal = CASE consumer WHEN 'intake' THEN consumer ELSE consumer || '.' || partition END
    WHERE consumer IN ('intake', 'settlement') AND journal_number > coalesce(seen.number, 0)
) OR :peers AND EXISTS (SELECT FROM projections.lead_years)
"""


class CaughtUp(Struct):
    """What a catch-up did: persons and years looked at, leads found, changed and withdrawn."""

    persons: int = 0
    years: int = 0
    found: int = 0
    changed: int = 0
    withdrawn: int = 0


StandBack = Callable[[], Awaitable[None]]
"""Lets others go first, and returns well before the server would end an idle transaction."""


async def go_on() -> None:
    """Stand back for nobody."""


async def catch_up_leads(
    engine: AsyncEngine,
    *,
    peers: bool = True,
    anew: bool = False,
    elsewhere: YearSearch | None = None,
    stand_back: StandBack = go_on,
) -> CaughtUp:
    """Look for leads in what is new. Two at a time wait for each other.

    Without ``peers`` the years that are touched wait for the next time. ``anew`` looks through all of the ledger.
    ``elsewhere`` looks at the years of a large look while this process looks at its persons. ``stand_back`` is awaited
    before each part of the work.
    """
    done = CaughtUp()
    with spared_collector():
        await _catch_up(engine, done, peers=peers, anew=anew, elsewhere=elsewhere, stand_back=stand_back)
    return done


async def _catch_up(
    engine: AsyncEngine,
    done: CaughtUp,
    *,
    peers: bool,
    anew: bool,
    elsewhere: YearSearch | None,
    stand_back: StandBack,
) -> None:
    async with engine.connect() as connection:
        # one view of facts, statements and positions
        await connection.execution_options(isolation_level="REPEATABLE READ")
        async with connection.begin():
            journal = await open_lead_journal(connection)
            if anew:
                await forget_progress(connection)
            await _look(journal, done, peers=peers, elsewhere=elsewhere, stand_back=stand_back)
            await journal.end()


async def anything_new(engine: AsyncEngine, *, peers: bool) -> bool:
    """Whether a look would look at anything: entries behind the last one, or, with ``peers``, years that wait."""
    async with engine.connect() as connection:
        found = await connection.execute(text(_ANYTHING_NEW), {"peers": peers})
        return bool(found.scalar_one())


async def _look(
    journal: LeadJournal, done: CaughtUp, *, peers: bool, elsewhere: YearSearch | None, stand_back: StandBack
) -> None:
    connection = journal.connection
    known = await load_context(connection)
    rows = (await connection.execute(select(lead_journals))).all()
    seen = {row.journal: row.number for row in rows}
    is_same = bool(rows) and all(row.context == known.digest for row in rows)
    new = {name: (seen.get(name, 0), head) for name, head in known.as_of.items() if seen.get(name, 0) < head}
    if is_same and all(high - low <= MOST_NEW for low, high in new.values()):
        persons = await _touched(connection, new)
        years = [row["year"] for row in await fetch_text(connection, _YEARS, [persons])]
    else:
        # whose leads stand is among them: a statement is never taken away
        persons = [row["person_id"] for row in await fetch_text(connection, ALL_PERSONS, [])]
        years = [row["year"] for row in await fetch_text(connection, _ALL_YEARS, [])]
    # a year's claims are also what the years behind it are compared with
    await _wait_for_years(connection, {year + more for year in years for more in range(COMPARED_YEARS + 1)})
    waiting = await _waiting_years(connection) if peers else []
    is_large = len(persons) > MANY_PERSONS
    async with _finder(connection, known, waiting, elsewhere if is_large else None) as find:
        for first in range(0, len(persons), PERSONS_AT_ONCE):
            await stand_back()
            await _look_at_persons(journal, known, persons[first : first + PERSONS_AT_ONCE], done)
        for year in waiting:
            await stand_back()
            await _look_at_year(journal, known, year, await find(year), done)
    await connection.execute(delete(lead_years).where(lead_years.c.year.in_(waiting)))
    if known.as_of:
        await _move(connection, known)


@asynccontextmanager
async def _finder(
    connection: AsyncConnection, known: KnownContext, years: Sequence[int], elsewhere: YearSearch | None
) -> AsyncIterator[YearLookup]:
    if elsewhere is not None and years:
        snapshot = (await connection.exec_driver_sql("SELECT pg_export_snapshot()")).scalar_one()
        async with elsewhere(snapshot, years) as find:
            yield partial(_awaited, connection, find)
    else:
        loaded = LoadedYears(connection)
        yield lambda year: find_in_year(loaded, year, known.context)


async def _move(connection: AsyncConnection, known: KnownContext) -> None:
    statement = insert(lead_journals)
    changed = {"number": statement.excluded.number, "context": statement.excluded.context}
    moved = [{"journal": name, "number": head, "context": known.digest} for name, head in known.as_of.items()]
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[lead_journals.c.journal], set_=changed), moved
    )


async def _touched(connection: AsyncConnection, ranges: Mapping[str, tuple[int, int]]) -> list[str]:
    if not ranges:
        return []
    lows, highs = ([of[side] for of in ranges.values()] for side in (0, 1))
    return [row["person_id"] for row in await fetch_text(connection, TOUCHED_PERSONS, [list(ranges), lows, highs])]


async def _look_at_persons(journal: LeadJournal, known: KnownContext, persons: Sequence[str], done: CaughtUp) -> None:
    found = await find_of_persons(journal.connection, persons, known.context)
    standing = await load_leads(journal.connection, leads.c.person_id.in_(persons), leads.c.year.is_(None))
    _record(journal, known, standing, found, done)
    done.persons += len(persons)
    await _save(journal)


async def _look_at_year(
    journal: LeadJournal, known: KnownContext, year: int, found: Iterable[LeadContent], done: CaughtUp
) -> None:
    _record(journal, known, await load_leads(journal.connection, leads.c.year == year), found, done)
    done.years += 1
    await _save(journal)


async def _save(journal: LeadJournal) -> None:
    """Write, and let go of leads that this look does not come to again: there may be more than memory holds."""
    await journal.save()
    journal.register = LeadRegister()


async def _awaited(connection: AsyncConnection, find: YearLookup, year: int) -> list[LeadContent]:
    """What is found elsewhere; meanwhile the server hears of us."""
    finding = asyncio.ensure_future(find(year))
    try:
        while not (await asyncio.wait({finding}, timeout=_AWAKE_S))[0]:
            await connection.exec_driver_sql("SELECT 1")
        return finding.result()
    finally:
        finding.cancel()


async def _waiting_years(connection: AsyncConnection) -> list[int]:
    return sorted((await connection.execute(select(lead_years.c.year))).scalars())


async def _wait_for_years(connection: AsyncConnection, years: Iterable[int]) -> None:
    rows = [{"year": year} for year in sorted(set(years))]
    if rows and any(rule.of_year for rule in SUPERVISION_RULES.values()):
        await connection.execute(insert(lead_years).on_conflict_do_nothing(), rows)


def _record(
    journal: LeadJournal, known: KnownContext, standing: Collection[Lead], found: Iterable[LeadContent], done: CaughtUp
) -> None:
    """Note what is new, what says something else than before, and what the facts no longer show."""
    journal.register.add(standing)
    now = {content.lead_id: content for content in found}
    before = {lead.lead_id: lead for lead in standing}
    for lead_id, content in now.items():
        lead = before.get(lead_id)
        if lead is None:
            journal.record(LEAD_FOUND, _told(content, "open", known))
            done.found += 1
        elif not lead.shown or lead.content != content:
            journal.record(LEAD_CHANGED, _told(content, _state_of(lead, content), known))
            done.changed += 1
    for lead in before.values():
        if lead.lead_id not in now and lead.shown:
            state = "withdrawn" if lead.state == "open" else lead.state
            said = {"lead_id": lead.lead_id, "state": state, "shown": False, "as_of": known.as_of}
            journal.record(LEAD_WITHDRAWN, said)
            done.withdrawn += 1


def _state_of(lead: Lead, content: LeadContent) -> str:
    """The state of a lead that says something else now.

    What was dismissed stays so, unless it is about other claims or graver than what was looked at then.
    """
    if lead.state == "withdrawn":
        return "open"
    if lead.state == "dismissed" and (lead.claims != content.claims or graver(content.severity, lead.severity)):
        return "open"
    return lead.state


def _told(content: LeadContent, state: str, known: KnownContext) -> dict[str, Any]:
    said: dict[str, Any] = to_builtins(content)
    return said | {"state": state, "shown": True, "as_of": known.as_of}
