"""Statements: the net outcome of each claim over all layers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as calendar_date
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from events.store.journal import entries
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load

statements = Table(
    "statements",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("source", Text, nullable=False, comment="whom settlement answers"),
    Column("hospital_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("scheme_hash", Text, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("setting", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("status", Text, nullable=False, comment="settled or reversed"),
    Column("revision", Integer, nullable=False, comment="1 plus how often the net figures changed"),
    Column("total", BigInteger, nullable=False, comment="fen, of the bill as last corrected"),
    Column("categories", ARRAY(Text), nullable=False),
    Column("layers", JSONB, nullable=False, comment="[[layer, fen], …] in the order applied"),
    Column("patient_share", BigInteger, nullable=False, comment="fen"),
    Column("hospital_share", BigInteger, nullable=False, comment="fen"),
    Column("audited_person", BigInteger, nullable=False, comment="fen of patient_share that an audit laid on him"),
    Column("payee", Text, nullable=False),
    Column("disease", Text),
    Column("late", Boolean, nullable=False),
    Column("poor", Boolean, nullable=False),
    Column("answer_id", Text, nullable=False, comment="id of the answer that carried these figures"),
    Column("answer_type", Text, nullable=False),
    Index("statements_person", "person_id", "number"),
    Index("statements_year", "year", "scheme", "setting"),
    Index("statements_hospital", "hospital_id", "date"),
    not_negative("total", "patient_share", "hospital_share", "audited_person"),
    one_of("status", ("settled", "reversed")),
    one_of("payee", ("hospital", "person")),
    schema="projections",
)


class StatementRow(Struct, frozen=True, gc=False):
    """A row of the table without revision and answer, which follow from the order in which things became known.

    Amounts are in fen; ``layers`` is [[layer, fen], …] in the order applied; ``status`` is settled or reversed.
    """

    claim_id: str
    person_id: str
    number: int
    source: str
    hospital_id: str
    region: str
    scheme: str
    scheme_hash: str
    year: int
    setting: str
    date: calendar_date
    status: str
    total: int
    categories: list[str]
    layers: list[Any]
    patient_share: int
    hospital_share: int
    audited_person: int
    payee: str
    disease: str | None
    late: bool
    poor: bool


async def paid_by_layer(
    connection: AsyncConnection, rows: FromClause, *conditions: ColumnElement[bool]
) -> dict[str, int]:
    """What each layer pays, in fen, over the rows of the table (or of a selection of it) that meet the conditions."""
    layer = func.jsonb_array_elements(rows.c.layers).table_valued("value").render_derived()
    name, paid = layer.c.value.op("->>")(0), layer.c.value.op("->>")(1).cast(BigInteger)
    sums = select(name, func.sum(paid)).select_from(rows.join(layer, true())).where(*conditions).group_by(name)
    return {str(row[0]): int(row[1]) for row in await connection.execute(sums)}


def statement_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A statement as docs/contract.md#statement shows it, money in yuan."""
    return {
        "claim_id": row["claim_id"],
        "person_id": row["person_id"],
        "region": row["region"],
        "scheme": row["scheme"],
        "year": row["year"],
        "setting": row["setting"],
        "date": row["date"].isoformat(),
        "status": row["status"],
        "revision": row["revision"],
        "total": yuan(row["total"]),
        "categories": list(row["categories"]),
        "layers": [{"layer": layer, "paid": yuan(paid)} for layer, paid in row["layers"]],
        "patient_share": yuan(row["patient_share"]),
        "hospital_share": yuan(row["hospital_share"]),
        "payee": row["payee"],
    }


async def load_statements(connection: AsyncConnection, claim_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Statement rows by claim."""
    return {row["claim_id"]: row for row in await load(connection, statements, statements.c.claim_id, claim_ids)}


async def load_due_at_window(connection: AsyncConnection, answers: Iterable[str]) -> dict[str, str]:
    """By id of an answer, what it told of the hospital's window, in yuan; an answer that told nothing is left out."""
    told = func.convert_from(entries.c.data, "UTF8").cast(JSONB).op("->>")("due_at_window")
    places = [(journal, int(number)) for journal, _, number in (answer.rpartition("-") for answer in answers)]
    rows = await connection.execute(
        select(entries.c.journal, entries.c.number, told.label("due")).where(
            tuple_(entries.c.journal, entries.c.number).in_(places)
        )
    )
    return {f"{row.journal}-{row.number}": row.due for row in rows if row.due is not None}


async def load_person_statements(
    connection: AsyncConnection, person_ids: Iterable[str]
) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Statement rows by person, in ledger order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in await load(connection, statements, statements.c.person_id, person_ids, statements.c.number):
        found.setdefault(row["person_id"], []).append(row)
    return dict(found)
