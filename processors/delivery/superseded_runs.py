"""Runs that never reached settlement because another run superseded them.

A run is superseded while it is parked, or when the store of NATS is lost. A layer that a run passed without a booking
leaves no trace of it in the ledger. Clearing needs to know which layers those were: it tells from them to whom a later
booking belongs. This table is the only record of it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import among
from processors.delivery.run import Run

superseded_runs = Table(
    "replaced_runs",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("year", SmallInteger, nullable=False),
    Column("first_number", Integer, nullable=False, comment="of the first claim it carried"),
    Column("cause", BigInteger, nullable=False, comment="number in journal intake up to which it knew the facts"),
    Column("stage", SmallInteger, nullable=False, comment="at which it stood still, having passed those before; or 0"),
    Column("replaced_by", BigInteger, nullable=False, comment="run that took its place: from that stage on"),
    schema="processors",
    comment="runs that never reached settlement: others were opened or went ahead in their place",
)

_SUPERSEDE_OPEN = text("""
INSERT INTO processors.replaced_runs (person_id, run, scheme, year, first_number, cause, stage, replaced_by)
SELECT lost.person_id, lost.run, lost.scheme, lost.year, lost.first_number, lost.cause,
       coalesce((SELECT min(parked.stage) FROM processors.parked
                 WHERE parked.person_id = lost.person_id AND parked.run = lost.run), 0), fresh.run
FROM processors.runs AS lost
JOIN unnest(CAST(:persons AS text[]), CAST(:schemes AS text[]), CAST(:years AS smallint[]), CAST(:runs AS bigint[]))
  AS fresh (person_id, scheme, year, run) USING (person_id, scheme, year)
WHERE lost.cause IS NOT NULL
ON CONFLICT DO NOTHING
""")


async def supersede_open_runs(connection: AsyncConnection, fresh: Sequence[Run]) -> None:
    """Record each open run as superseded by the fresh run of its person, year and scheme."""
    named = {
        "persons": [run.person_id for run in fresh],
        "schemes": [run.scheme for run in fresh],
        "years": [run.year for run in fresh],
        "runs": [run.number for run in fresh],
    }
    await connection.execute(_SUPERSEDE_OPEN, named)


async def load_superseding(connection: AsyncConnection, persons: Iterable[str]) -> set[tuple[str, int]]:
    """The runs of some persons, by person and number, that took the place of others: each books several facts."""
    columns = superseded_runs.c
    rows = await connection.execute(
        select(columns.person_id, columns.replaced_by).where(among(columns.person_id, persons))
    )
    return {(row.person_id, row.replaced_by) for row in rows}
