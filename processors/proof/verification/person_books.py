"""What the ledger and the projections say of a chunk of persons, loaded at once.

Read by the driver itself: SQLAlchemy's rows and each look-up in them cost more than all that is done with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import JSONB

from events.decisions import GRANT_AWARDED, GRANT_WITHDRAWN
from events.store.journal import GRANT_STAGES, SETTLEMENT_STAGE
from policies.claim import Used
from processors.delivery.names import INTAKE_JOURNAL
from processors.person.claim_history import HISTORY_TYPES
from processors.premiums.history import PREMIUM_HISTORY_TYPES
from projections.accumulations import accumulations
from projections.claims import claims
from projections.grants import grants
from projections.premiums import Premium, premiums
from projections.statements import statements

Row = Mapping[str, Any]
AccumulationKey = tuple[int, str, str, str]
"""year, scheme name, layer, track"""
GrantKey = tuple[str, str, int]
"""scheme name, kind, year (0: once in a life)"""


class Booking(Struct, frozen=True, gc=False):
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
    claims: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    premiums: list[Premium] = field(default_factory=list)


UNPROVED = {statements: ("revision", "answer_id", "answer_type")}
"""Columns that follow from the order in which things became known, which settling from scratch does not give."""


def _selection(table: Table, order: str) -> str:
    names = ", ".join(_named(column) for column in table.columns if column.name not in UNPROVED.get(table, ()))
    return (
        f"SELECT {names} FROM {table.schema}.{table.name} "  # noqa: S608 - our own names
        f"WHERE person_id = ANY($1) ORDER BY {order}"
    )


def _named(column: Column[Any]) -> str:
    # as text, because what the driver makes of JSON depends on who opened the connection
    return f"{column.name}::text AS {column.name}" if isinstance(column.type, JSONB) else f'"{column.name}"'


_TOLD = """
SELECT person_id, number, type, source, year, scheme, layer, track, paid, data, raw
FROM ledger.entries WHERE person_id = ANY($1) AND journal = $2 AND type = ANY($3) ORDER BY number
"""
_BOOKED = """
SELECT person_id, claim_id, claim_number, stage, year, scheme, layer, track,
       sum(base)::bigint, sum(deductible)::bigint, sum(paid)::bigint, sum(extra)::bigint, sum(ran)
FROM ledger.entries WHERE person_id = ANY($1) AND stage >= 0 AND stage < $2
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY person_id, claim_number, stage
"""
_GRANTED = """
SELECT person_id, paid, data
FROM ledger.entries WHERE person_id = ANY($1) AND stage = ANY($2) AND type = ANY($3)
"""
_IN_FLIGHT = "SELECT DISTINCT person_id FROM processors.runs WHERE person_id = ANY($1)"
_ACCUMULATED = _selection(accumulations, "person_id")
_CLAIMS = _selection(claims, "person_id, number")
_STATEMENTS = _selection(statements, "person_id, number")
_GRANTS = _selection(grants, "person_id")
_PREMIUMS = _selection(premiums, "person_id")


async def load_books(driver: Any, persons: Sequence[str]) -> list[PersonBooks]:
    """The books of some persons, over a connection of asyncpg's."""
    books = {person_id: PersonBooks(person_id) for person_id in persons}
    types = [*HISTORY_TYPES, *PREMIUM_HISTORY_TYPES]
    for row in await driver.fetch(_TOLD, persons, INTAKE_JOURNAL, types):
        books[row["person_id"]].told.append(row)
    for row in await driver.fetch(_BOOKED, persons, SETTLEMENT_STAGE):
        person_id, claim_id, number, stage, year, scheme, layer, track, base, deductible, paid, extra, ran = row
        net = Used(base, deductible, paid, extra, ran)
        books[person_id].booked.append(Booking(claim_id, number, stage, year, scheme, layer, track, net))
    granting = await driver.fetch(_GRANTED, persons, list(GRANT_STAGES.values()), [GRANT_AWARDED, GRANT_WITHDRAWN])
    for person_id, amount, data in granting:
        grant = orjson.loads(data)
        key = (grant["scheme"], grant["grant"], grant["year"])
        granted = books[person_id].granted
        granted[key] = granted.get(key, 0) + amount
    for person_id, year, scheme, layer, track, *parts in await driver.fetch(_ACCUMULATED, persons):
        books[person_id].accumulated[year, scheme, layer, track] = Used(*parts)
    for row in await driver.fetch(_PREMIUMS, persons):
        books[row["person_id"]].premiums.append(Premium(*row))
    for row in await driver.fetch(_CLAIMS, persons):
        books[row["person_id"]].claims.append(dict(row))
    for row in await driver.fetch(_STATEMENTS, persons):
        books[row["person_id"]].statements.append({**row, "layers": orjson.loads(row["layers"])})
    for row in await driver.fetch(_GRANTS, persons):
        books[row["person_id"]].grants.append(row)
    for row in await driver.fetch(_IN_FLIGHT, persons):
        books[row["person_id"]].in_flight = True
    return list(books.values())
