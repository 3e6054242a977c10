"""What is read off the projections: rows as docs/contract.md#lists shows them, money in yuan."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import region_prefix
from events.money import yuan
from policies.vocabulary import LAYERS
from processors.delivery.parked_runs import parked
from processors.queries.uplift import load_uplifts
from projections.accumulations import accumulations
from projections.enrolments import enrolments, load_enrolments
from projections.fines import REPLACED_BY, fines
from projections.grants import grants
from projections.premiums import PayerPremium, premium_json, premiums
from projections.refusals import load_unenrolled, refusal_json, refusals
from projections.statements import statement_json, statements
from projections.waiting_discharges import waiting

Rows = AsyncIterator[Mapping[str, Any]]
CHUNK = 500
"""Statements whose persons are read at once."""


async def _rows(engine: AsyncEngine, query: Select[Any]) -> Rows:
    async with engine.connect() as connection:
        result = await connection.stream(query)
        # SQLAlchemy's names are a kind of str that orjson does not take for keys.
        names = [str(name) for name in result.keys()]  # noqa: SIM118 - iterating a result reads its rows
        async for row in result:
            yield dict(zip(names, row, strict=True))


async def statement_rows(engine: AsyncEngine, *, claim_id: str | None = None, person_id: str | None = None) -> Rows:
    """Statements, all or of one claim or person, in the order of person and ledger."""
    query = select(statements).order_by(statements.c.person_id, statements.c.number)
    if claim_id is not None:
        query = query.where(statements.c.claim_id == claim_id)
    if person_id is not None:
        query = query.where(statements.c.person_id == person_id)
    async for row in _rows(engine, query):
        yield statement_json(row)


async def statement_rows_with_uplift(engine: AsyncEngine, rows: Rows) -> Rows:
    """Statements with ``uplift`` beside them: what preferences are worth on a poor person's claim, else None."""
    async for chunk in _chunks(rows):
        worth = await load_uplifts(engine, {row["person_id"] for row in chunk})
        for row in chunk:
            yield {**row, "uplift": worth.get(row["claim_id"])}


async def _chunks(rows: Rows) -> AsyncIterator[list[Mapping[str, Any]]]:
    chunk: list[Mapping[str, Any]] = []
    async for row in rows:
        if len(chunk) >= CHUNK and row["person_id"] != chunk[-1]["person_id"]:
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


async def accumulation_rows(engine: AsyncEngine, *, person_id: str | None = None, year: int | None = None) -> Rows:
    """Accumulations by person, year and layer, over all schemes and tracks of the year."""
    table = accumulations.c
    conditions: list[ColumnElement[bool]] = [table.claims > 0]
    if person_id is not None:
        conditions.append(table.person_id == person_id)
    if year is not None:
        conditions.append(table.year == year)
    sums = [func.sum(table[name]).label(name) for name in ("base", "deductible", "paid", "claims")]
    place = func.array_position(list(LAYERS), table.layer)
    query = (
        select(table.person_id, table.year, table.layer, *sums)
        .where(*conditions)
        .group_by(table.person_id, table.year, table.layer)
        .order_by(table.person_id, table.year, place, table.layer)
    )
    async for row in _rows(engine, query):
        yield {
            "person_id": row["person_id"],
            "year": row["year"],
            "layer": row["layer"],
            "base": yuan(int(row["base"])),
            "deductible": yuan(int(row["deductible"])),
            "paid": yuan(int(row["paid"])),
            "claims": int(row["claims"]),
        }


async def grant_rows(engine: AsyncEngine) -> Rows:
    """Grants that stand."""
    async for row in _rows(engine, select(grants).order_by(grants.c.person_id, grants.c.scheme, grants.c.year)):
        yield {
            "person_id": row["person_id"],
            "scheme": row["scheme"],
            "grant": row["grant"],
            "year": row["year"] or None,
            "amount": yuan(row["amount"]),
            "claim_id": row["claim_id"],
        }


@dataclass(frozen=True, slots=True)
class WantedPremiums:
    """Which premiums are asked for; None is all. ``region`` may be a prefecture's or province's code."""

    person_id: str | None = None
    year: int | None = None
    region: str | None = None
    township: str | None = None
    payer: str | None = None


async def premium_rows(engine: AsyncEngine, wanted: WantedPremiums = WantedPremiums()) -> Rows:
    """Premiums that stand, by person, year and layer."""
    table = premiums.c
    key = (table.person_id, table.year, table.region, table.scheme, table.layer, table.kind, table.payer)
    query = select(premiums).where(*_premium_conditions(wanted)).order_by(*key)
    async for row in _rows(engine, query):
        yield premium_json(PayerPremium(**row))


async def premium_totals(engine: AsyncEngine, wanted: WantedPremiums = WantedPremiums()) -> Rows:
    """What each payer of a region paid in premiums, by year, scheme and layer, and for how many persons."""
    table = premiums.c
    key = (table.year, table.region, table.scheme, table.layer, table.kind, table.payer)
    sums = (func.count(table.person_id.distinct()).label("persons"), func.sum(table.amount).label("amount"))
    query = select(*key, *sums).where(*_premium_conditions(wanted)).group_by(*key).order_by(*key)
    async for row in _rows(engine, query):
        yield {**row, "amount": yuan(int(row["amount"]))}


def _premium_conditions(wanted: WantedPremiums) -> list[ColumnElement[bool]]:
    table = premiums.c
    conditions: list[ColumnElement[bool]] = [table.amount != 0]
    asked = {table.person_id: wanted.person_id, table.year: wanted.year, table.payer: wanted.payer}
    conditions += [column == value for column, value in asked.items() if value is not None]
    if wanted.region is not None:
        conditions.append(table.region.startswith(region_prefix(wanted.region)))
    if wanted.township is not None:
        home = enrolments.c
        there = (home.person_id == table.person_id, home.year == table.year, home.township == wanted.township)
        conditions.append(exists().where(*there))
    return conditions


async def fine_rows(engine: AsyncEngine, *, hospital_id: str | None = None) -> Rows:
    """Fines on hospitals, in the order they were recorded."""
    query = select(fines, REPLACED_BY.label("replaced_by")).order_by(fines.c.number)
    if hospital_id is not None:
        query = query.where(fines.c.hospital_id == hospital_id)
    async for row in _rows(engine, query):
        yield {
            "fine_id": row["fine_id"],
            "hospital_id": row["hospital_id"],
            "amount": yuan(row["amount"]),
            "imposed_on": row["imposed_on"].isoformat(),
            "reason": row["reason"],
            "clause": row["clause"],
            "source": row["source"],
            "replaced_by": row["replaced_by"],
        }


async def enrollment_rows(engine: AsyncEngine, *, person_id: str | None = None, year: int | None = None) -> Rows:
    """Enrollments as said last, by person and year."""
    table = enrolments.c
    query = select(enrolments).order_by(table.person_id, table.year)
    if person_id is not None:
        query = query.where(table.person_id == person_id)
    if year is not None:
        query = query.where(table.year == year)
    async for row in _rows(engine, query):
        self_paid = None if row["self_paid"] is None else yuan(row["self_paid"])
        days = {name: row[name] and row[name].isoformat() for name in ("effective_on", "ended_on", "died_on")}
        yield {**row, **days, "self_paid": self_paid}


async def refusal_rows(engine: AsyncEngine) -> Rows:
    """Refused events, in the order they came."""
    table = refusals.c
    about = (table.source, table.event_id, table.type, table.reason, table.detail, table.detail_zh, table.stream_seq)
    async for row in _rows(engine, select(*about).order_by(table.number)):
        yield refusal_json(row)


async def lifted_refusal_rows(engine: AsyncEngine) -> Rows:
    """Claims refused as not_enrolled whose person is insured on their day by now, and that no one has accepted since.

    Each stands once, by its last refusal.
    """
    async with engine.connect() as connection:
        refused = await load_unenrolled(connection)
        enrolled = await load_enrolments(connection, {each.person_id for each in refused})
    last = {(each.mailbox, each.subject): each for each in refused}
    for each in last.values():
        enrolment = enrolled.get((each.person_id, each.day.year))
        if enrolment is not None and enrolment.insures(each.day):
            yield {
                "hospital": each.mailbox,
                "claim_id": each.subject,
                "person_id": each.person_id,
                "date": each.day.isoformat(),
                "event_id": each.event_id,
            }


async def waiting_rows(engine: AsyncEngine) -> Rows:
    """Discharges that wait for their admission, their corrections and changes of it, in the order they came."""
    table = waiting.c
    query = select(table.source, table.event_id, table.admission_id.label("waits_for")).order_by(table.number)
    async for row in _rows(engine, query):
        yield row


async def parked_rows(engine: AsyncEngine, *, person_id: str | None = None, consumer: str | None = None) -> Rows:
    """Runs that could not be handled, all or of one person or consumer."""
    table = parked.c
    query = select(table.person_id, table.consumer, table.run, table.reason, table.since).order_by(
        table.since, table.run
    )
    if person_id is not None:
        query = query.where(table.person_id == person_id)
    if consumer is not None:
        query = query.where(table.consumer == consumer)
    async for row in _rows(engine, query):
        yield {**row, "since": row["since"].isoformat()}
