"""Annual accumulations: what a person has used of each layer and track in a benefit year under a scheme."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, Column, Integer, SmallInteger, Table, Text, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from events.store.metadata import metadata, not_negative
from policies.claim import Used

accumulations = Table(
    "accumulations",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("layer", Text, primary_key=True),
    Column("track", Text, primary_key=True),
    Column("base", BigInteger, nullable=False, comment="fen"),
    Column("deductible", BigInteger, nullable=False, comment="fen"),
    Column("paid", BigInteger, nullable=False, comment="fen"),
    Column("extra", BigInteger, nullable=False, comment="fen; the part of paid by the layer's second rule"),
    Column("claims", Integer, nullable=False, comment="standing claims on which the layer ran"),
    not_negative("base", "deductible", "paid", "extra", "claims"),
    schema="projections",
    comment="sums of booked payouts over standing claims, written in the transaction that books them",
)

_OF_LAYER = Prepared(
    select(accumulations).where(
        accumulations.c.layer == bindparam("of_layer"),
        accumulations.c.person_id == any_(bindparam("persons", type_=ARRAY(Text))),
    )
)

Key = tuple[str, int, str]
"""person, year, scheme name"""


async def load_accumulations(
    connection: AsyncConnection, layer: str, person_ids: Iterable[str]
) -> dict[Key, dict[str, Used]]:
    """A layer's accumulations of some persons, by person, year and scheme, then by track."""
    rows = await _OF_LAYER.fetch(connection, of_layer=layer, persons=sorted(set(person_ids)))
    found: dict[Key, dict[str, Used]] = {}
    for person_id, year, scheme, _, track, *parts in rows:
        found.setdefault((person_id, year, scheme), {})[track] = Used(*parts)
    return found
