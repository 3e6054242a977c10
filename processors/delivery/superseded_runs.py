"""Runs that never reached their end: another took their place, where one was parked or the store of NATS was lost.

What they had passed without a booking of their own is nowhere else: clearing tells from it to whom a later booking
belongs.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from processors.delivery.run import Run

replaced_runs = Table(
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

_BEGUN_ANEW = text("""
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


async def replace_open_runs(connection: AsyncConnection, fresh: Sequence[Run]) -> None:
    """Note every open run of a person, year and scheme as replaced by the fresh one, before they are forgotten."""
    named = {
        "persons": [run.person_id for run in fresh],
        "schemes": [run.scheme for run in fresh],
        "years": [run.year for run in fresh],
        "runs": [run.number for run in fresh],
    }
    await connection.execute(_BEGUN_ANEW, named)
