"""What the ledger and the projections say of a chunk of persons, loaded at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import GRANT_AWARDED, GRANT_WITHDRAWN
from events.ledger import GRANT_STAGES, SETTLEMENT_STAGE, entries
from policies.claim import Used
from processors.history import HISTORY_TYPES
from processors.intake import CONSUMER
from processors.premium_history import PREMIUM_HISTORY_TYPES
from processors.runs import runs
from projections.accumulations import accumulations
from projections.claims import load_person_claims
from projections.grants import load_grants
from projections.premiums import Premium, load_premiums
from projections.rows import among
from projections.statements import load_person_statements

Row = Mapping[str, Any]
AccumulationKey = tuple[int, str, str, str]
"""year, scheme name, layer, track"""
GrantKey = tuple[str, str, int]
"""scheme name, kind, year (0: once in a life)"""


@dataclass(frozen=True, slots=True)
class Booking:
    """The net of what is booked for one claim at one stage on one track."""

    claim_id: str
    number: int
    stage: int
    year: int
    scheme: str
    layer: str
    track: str
    net: Used


@dataclass(slots=True)
class PersonBooks:
    """One person: his intake entries in journal order, what is booked, and what the projections say."""

    person_id: str
    in_flight: bool = False
    told: list[Row] = field(default_factory=list)
    booked: list[Booking] = field(default_factory=list)
    granted: dict[GrantKey, int] = field(default_factory=dict)
    accumulated: dict[AccumulationKey, Used] = field(default_factory=dict)
    claims: Sequence[Row] = ()
    statements: Sequence[Row] = ()
    grants: Sequence[Row] = ()
    premiums: Sequence[Premium] = ()


async def load_books(connection: AsyncConnection, persons: Sequence[str]) -> list[PersonBooks]:
    """The books of some persons."""
    told = await _told(connection, persons)
    booked = await _booked(connection, persons)
    granted = await _granted(connection, persons)
    accumulated = await _accumulated(connection, persons)
    claims = await load_person_claims(connection, persons)
    statements = await load_person_statements(connection, persons)
    grants = await load_grants(connection, persons)
    premiums = await load_premiums(connection, persons)
    flying = await connection.execute(select(runs.c.person_id).where(among(runs.c.person_id, persons)).distinct())
    in_flight = set(flying.scalars())
    return [
        PersonBooks(
            person_id=person_id,
            in_flight=person_id in in_flight,
            told=told[person_id],
            booked=booked[person_id],
            granted=granted[person_id],
            accumulated=accumulated[person_id],
            claims=claims.get(person_id, ()),
            statements=statements.get(person_id, ()),
            grants=grants.get(person_id, ()),
            premiums=list(premiums.get(person_id, {}).values()),
        )
        for person_id in persons
    ]


async def _told(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[Row]]:
    names = ("person_id", "number", "type", "source", "year", "scheme", "layer", "track", "paid", "data", "raw")
    columns = [entries.c[name] for name in names]
    rows = await connection.execute(
        select(*columns)
        .where(
            among(entries.c.person_id, persons),
            entries.c.journal == CONSUMER,
            entries.c.type.in_((*HISTORY_TYPES, *PREMIUM_HISTORY_TYPES)),
        )
        .order_by(entries.c.number)
    )
    told: dict[str, list[Row]] = defaultdict(list)
    for row in rows.mappings():
        told[row["person_id"]].append(cast("Row", row))
    return told


async def _booked(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[Booking]]:
    key = [entries.c[name] for name in ("claim_id", "claim_number", "stage", "year", "scheme", "layer", "track")]
    sums = [func.sum(entries.c[name]) for name in ("base", "deductible", "paid", "extra", "ran")]
    rows = await connection.execute(
        select(entries.c.person_id, *key, *sums)
        .where(among(entries.c.person_id, persons), entries.c.stage >= 0, entries.c.stage < SETTLEMENT_STAGE)
        .group_by(entries.c.person_id, *key)
        .order_by(entries.c.person_id, entries.c.claim_number, entries.c.stage)
    )
    booked: dict[str, list[Booking]] = defaultdict(list)
    for person_id, claim_id, number, stage, year, scheme, layer, track, *parts in rows:
        net = Used(*map(int, parts))
        booked[person_id].append(Booking(claim_id, number, stage, year, scheme, layer, track, net))
    return booked


async def _granted(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, dict[GrantKey, int]]:
    rows = await connection.execute(
        select(entries.c.person_id, entries.c.paid, entries.c.data).where(
            among(entries.c.person_id, persons),
            entries.c.stage.in_(GRANT_STAGES.values()),
            entries.c.type.in_((GRANT_AWARDED, GRANT_WITHDRAWN)),
        )
    )
    granted: dict[str, dict[GrantKey, int]] = defaultdict(dict)
    for person_id, amount, data in rows:
        grant = orjson.loads(data)
        key = (grant["scheme"], grant["grant"], grant["year"])
        granted[person_id][key] = granted[person_id].get(key, 0) + amount
    return granted


async def _accumulated(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, dict[AccumulationKey, Used]]:
    rows = await connection.execute(select(accumulations).where(among(accumulations.c.person_id, persons)))
    found: dict[str, dict[AccumulationKey, Used]] = defaultdict(dict)
    for row in rows:
        used = Used(row.base, row.deductible, row.paid, row.extra, row.claims)
        found[row.person_id][row.year, row.scheme, row.layer, row.track] = used
    return found
