"""What a new database is given before the first event: the shipped schemes, and how many partitions its runs have."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, SmallInteger, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import adopted_schemes, write
from events.store.metadata import metadata
from policies.scheme import Scheme
from processors.delivery.position import lock, move
from processors.law.pinned_schemes import adopt
from processors.pipeline.intake import CONSUMER

ACTOR = "setup"

layout = Table(
    "layout",
    metadata,
    Column("partitions", SmallInteger, primary_key=True, autoincrement=False, comment="of RUNS, by hash of person"),
    Column("era", Text, nullable=False, server_default="", comment="of what is sent, since the last restore"),
    schema="processors",
    comment="one row: what was fixed when the database was set up",
)


class LayoutError(ValueError):
    """The database was set up with another number of partitions: each person's runs have their place in one."""


async def initialise(engine: AsyncEngine, schemes: Sequence[Scheme], partitions: int | None = None) -> int:
    """Adopt the schemes whose name was never adopted, and fix the number of partitions; returns the number in force.

    ``partitions`` None takes the number in force, 1 in a new database. Nothing changes when called again. Raises
    ``LayoutError`` when asked for another number than the database has, ``SchemeError`` for schemes that clash.
    """
    async with engine.connect() as connection:
        # Where nothing is left to do nothing is locked: intake may be at work, or stopped in the middle of it.
        fixed = await partitions_of(connection)
        known = {name for _, name in await adopted_schemes(connection)}
        if fixed is not None and _wanted_is(fixed, partitions) and known >= {scheme.name for scheme in schemes}:
            return fixed
    async with engine.begin() as connection:
        # The lock on intake's position keeps two programs that start at once, and intake, from coming between.
        position = await lock(connection, CONSUMER, 0)
        fixed = await _fix_partitions(connection, partitions)
        known = {name for _, name in await adopted_schemes(connection)}
        position.journal.start(datetime.now(UTC))
        await adopt(connection, position.journal, [scheme for scheme in schemes if scheme.name not in known], ACTOR)
        await write(connection, position.journal)
        await move(connection, position, position.stream_seq, position.outgoing)
    return fixed


def _wanted_is(fixed: int, wanted: int | None) -> bool:
    """Whether the number of partitions in force is what is asked for, if anything is."""
    return wanted in (None, fixed)


async def partitions_of(connection: AsyncConnection) -> int | None:
    """The number of partitions in force, None in a database that was never set up."""
    return (await connection.execute(select(layout.c.partitions))).scalar_one_or_none()


async def _fix_partitions(connection: AsyncConnection, wanted: int | None) -> int:
    fixed = await partitions_of(connection)
    if fixed is None:
        fixed = wanted or 1
        await connection.execute(insert(layout).values(partitions=fixed))
    if not _wanted_is(fixed, wanted):
        raise LayoutError(f"this database has {fixed} partitions, not {wanted}: their number is fixed at its set-up")
    return fixed


async def adopt_schemes(engine: AsyncEngine, schemes: Sequence[Scheme], actor: str) -> list[Scheme]:
    """Adopt schemes for claims accepted from now on; returns those that were not in force. Raises ``SchemeError``."""
    async with engine.begin() as connection:
        position = await lock(connection, CONSUMER, 0)
        position.journal.start(datetime.now(UTC))
        adopted = await adopt(connection, position.journal, schemes, actor)
        await write(connection, position.journal)
        await move(connection, position, position.stream_seq, position.outgoing)
    return adopted
