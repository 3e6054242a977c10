"""What the ledger and the projections hold of some persons, loaded at once.

The driver reads the rows itself: SQLAlchemy's rows cost more than all that is done with them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import orjson
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import JSONB

from events.decisions import GRANT_AWARDED, GRANT_WITHDRAWN
from events.store.journal import GRANT_STAGES, SETTLEMENT_STAGE
from policies.arithmetic import add_to
from policies.claim import Used
from policies.funds import BookedFund, booked_fund
from processors.delivery.names import INTAKE_JOURNAL
from processors.person.premium_history import PREMIUM_HISTORY_TYPES
from processors.person.recalculation import HeldGrant, StageBooking
from processors.pipeline.claim_history import CLAIM_HISTORY_TYPES
from processors.pipeline.fact_decoders import EntryRow
from projections.accumulations import accumulations
from projections.claims import claims
from projections.grants import GrantKey, grants
from projections.premiums import PayerPremium, premiums
from projections.statements import StatementRow, statements

ProjectionRow = Mapping[str, Any]
AccumulationKey = tuple[int, str, str, str]
"""year, scheme name, layer, track"""


@dataclass(slots=True)
class PersonBooks:
    """One person: the intake entries in journal order, what is booked, and what the projections hold.

    ``booked`` is in the order of claim and stage; ``granted`` is the sum booked for each grant, in fen. ``paying`` says
    what each fund has paid, in fen, by claim number and stage; ``granting`` by grant.
    """

    person_id: str
    in_flight: bool = False
    entries: list[EntryRow] = field(default_factory=list)
    booked: list[StageBooking] = field(default_factory=list)
    granted: dict[GrantKey, int] = field(default_factory=dict)
    paying: dict[tuple[int, int], dict[BookedFund, int]] = field(default_factory=dict)
    granting: dict[GrantKey, dict[BookedFund, int]] = field(default_factory=dict)
    accumulated: dict[AccumulationKey, Used] = field(default_factory=dict)
    claims: list[ProjectionRow] = field(default_factory=list)
    statements: list[StatementRow] = field(default_factory=list)
    grants: list[HeldGrant] = field(default_factory=list)
    premiums: list[PayerPremium] = field(default_factory=list)


def _selection(table: Table, order: str, names: Sequence[str] = ()) -> str:
    columns = ", ".join(_named(table.columns[name]) for name in names or table.columns.keys())
    return (
        f"SELECT {columns} FROM {table.schema}.{table.name} "  # noqa: S608 - our own names
        f"WHERE person_id = ANY($1) ORDER BY {order}"
    )


def _named(column: Column[Any]) -> str:
    # as text, because what the driver makes of JSON depends on how the connection was opened
    return f"{column.name}::text AS {column.name}" if isinstance(column.type, JSONB) else f'"{column.name}"'


_ENTRIES = """
SELECT person_id, number, type, source, year, scheme, layer, track, paid, data, raw
FROM ledger.entries WHERE person_id = ANY($1) AND journal = $2 AND type = ANY($3) ORDER BY number
"""
_BOOKED = """
SELECT person_id, data,
       coalesce(base, 0), coalesce(deductible, 0), coalesce(paid, 0), coalesce(extra, 0), coalesce(ran, 0),
       claim_id, claim_number, stage, year, scheme, layer, track
FROM ledger.entries WHERE person_id = ANY($1) AND stage >= 0 AND stage < $2
ORDER BY person_id, claim_number, stage
"""
_GRANTED = """
SELECT person_id, paid, data
FROM ledger.entries WHERE person_id = ANY($1) AND stage = ANY($2) AND type = ANY($3)
"""
_IN_FLIGHT = "SELECT DISTINCT person_id FROM processors.runs WHERE person_id = ANY($1)"
_ACCUMULATED = _selection(accumulations, "person_id")
_CLAIMS = _selection(claims, "person_id, number")
_STATEMENTS = _selection(statements, "person_id, number", StatementRow.__struct_fields__)
_GRANTS = _selection(grants, "person_id", ("person_id", "scheme", "grant", "year", "amount", "claim_id"))
_PREMIUMS = _selection(premiums, "person_id")
_LAYERS = StatementRow.__struct_fields__.index("layers")


class _Named(msgspec.Struct, gc=False):
    """The fund that an entry's data names."""

    fund: str | None = None
    insurer: str | None = None


_read_fund = msgspec.json.Decoder(_Named).decode
UNREADABLE = BookedFund("unreadable")
"""The fund of an entry whose data can't be read."""


async def load_books(driver: Any, persons: Sequence[str]) -> list[PersonBooks]:
    """The books of some persons, over a connection of asyncpg's."""
    books = {person_id: PersonBooks(person_id) for person_id in persons}
    types = [*CLAIM_HISTORY_TYPES, *PREMIUM_HISTORY_TYPES]
    for row in await driver.fetch(_ENTRIES, persons, INTAKE_JOURNAL, types):
        books[row["person_id"]].entries.append(row)
    for person_id, rows in groupby(await driver.fetch(_BOOKED, persons, SETTLEMENT_STAGE), itemgetter(0)):
        _add_bookings(books[person_id], rows)
    granting = await driver.fetch(_GRANTED, persons, list(GRANT_STAGES.values()), [GRANT_AWARDED, GRANT_WITHDRAWN])
    for person_id, amount, data in granting:
        grant = orjson.loads(data)
        key = (grant["scheme"], grant["grant"], grant["year"])
        add_to(books[person_id].granted, key, amount)
        add_to(books[person_id].granting.setdefault(key, {}), _fund(data, grant["grant"]), amount)
    for person_id, year, scheme, layer, track, *parts in await driver.fetch(_ACCUMULATED, persons):
        books[person_id].accumulated[year, scheme, layer, track] = Used(*parts)
    for row in await driver.fetch(_PREMIUMS, persons):
        books[row["person_id"]].premiums.append(PayerPremium(*row))
    for row in await driver.fetch(_CLAIMS, persons):
        books[row["person_id"]].claims.append(dict(row))
    for row in await driver.fetch(_STATEMENTS, persons):
        values = list(row)
        values[_LAYERS] = orjson.loads(values[_LAYERS])
        statement = StatementRow(*values)
        books[statement.person_id].statements.append(statement)
    for person_id, *grant_values in await driver.fetch(_GRANTS, persons):
        books[person_id].grants.append(HeldGrant(*grant_values))
    for row in await driver.fetch(_IN_FLIGHT, persons):
        books[row["person_id"]].in_flight = True
    return list(books.values())


def _add_bookings(books: PersonBooks, rows: Iterable[Any]) -> None:
    """Take a person's entries at the layers' stages: what is booked net, and what each fund has paid."""
    net: dict[tuple[str, int, int, int, str, str, str], Used] = {}
    for _, data, base, deductible, paid, extra, ran, claim_id, number, stage, year, scheme, layer, track in rows:
        booked = Used(base, deductible, paid, extra, ran)
        sums = net.setdefault((claim_id, number, stage, year, scheme, layer, track), booked)
        if sums is not booked:
            sums.merge(booked)
        if paid:
            add_to(books.paying.setdefault((number, stage), {}), _fund(data, layer), paid)
    books.booked = [StageBooking(*key, net=used) for key, used in net.items()]


def _fund(data: bytes, paid_for: str | None) -> BookedFund:
    try:
        named = _read_fund(data)
    except msgspec.MsgspecError:
        return UNREADABLE
    return booked_fund(named.fund, named.insurer, paid_for)
