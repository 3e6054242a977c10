"""What was fixed when the database was set up: the number of partitions of RUNS, and the era of what is sent."""

from sqlalchemy import ARRAY, Column, SmallInteger, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata

layout = Table(
    "layout",
    metadata,
    Column("partitions", SmallInteger, primary_key=True, autoincrement=False, comment="of RUNS, by hash of person"),
    Column("era", Text, nullable=False, server_default="", comment="of what is sent, since the last restore"),
    Column(
        "eras",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="each restore's, the last one behind: what was booked in each has ids of its own",
    ),
    schema="processors",
    comment="one row: what was fixed when the database was set up",
)


class LayoutError(ValueError):
    """The database was set up with another number of partitions: each person's runs have their place in one."""


async def partitions_of(connection: AsyncConnection) -> int | None:
    """The number of partitions in force, None in a database that was never set up."""
    return (await connection.execute(select(layout.c.partitions))).scalar_one_or_none()


async def fix_partitions(connection: AsyncConnection, wanted: int | None) -> int:
    """Fix the number of partitions, 1 where ``wanted`` is None, unless one is in force; returns the number in force.

    Raises ``LayoutError`` where another number than the wanted one is in force.
    """
    fixed = await partitions_of(connection)
    if fixed is None:
        fixed = wanted or 1
        await connection.execute(insert(layout).values(partitions=fixed))
    if not fits(fixed, wanted):
        raise LayoutError(f"this database has {fixed} partitions, not {wanted}: their number is fixed at its set-up")
    return fixed


def fits(fixed: int, wanted: int | None) -> bool:
    """Whether the number of partitions in force is the one that is asked for, if any is asked for."""
    return wanted in (None, fixed)
