"""Which backups were made. Stream INTAKE keeps the events after the last one, so that a restore can take them again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from processors.delivery.layout import layout
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.position import all_positions, lock_position, write_position

KEPT_FOR = timedelta(days=8)
"""How long INTAKE keeps events for the next backup: a weekly backup may be a day late. After that it keeps none."""

backups = Table(
    "backups",
    metadata,
    Column("made_at", DateTime(timezone=True), primary_key=True, comment="when it was begun"),
    Column("intake_seq", BigInteger, nullable=False, comment="events up to here are in it"),
    Column("complete", Boolean, nullable=False),
    schema="processors",
    comment="what was backed up: INTAKE keeps what came after the last one",
)


async def intake_position(connection: AsyncConnection) -> int:
    """The sequence in INTAKE of the last event that was taken."""
    return (await all_positions(connection)).get((INTAKE_CONSUMER, 0), 0)


async def begin_backup(connection: AsyncConnection) -> datetime:
    """Record that a backup begins: it holds all events taken so far, and INTAKE keeps the later ones.

    Returns when it began, which names it.
    """
    made_at = datetime.now(UTC)
    taken = await intake_position(connection)
    await connection.execute(insert(backups).values(made_at=made_at, intake_seq=taken, complete=False))
    return made_at


async def complete_backup(connection: AsyncConnection, made_at: datetime) -> None:
    """Record that a backup is complete: INTAKE need not keep what is in it."""
    await connection.execute(update(backups).where(backups.c.made_at == made_at).values(complete=True))


async def no_longer_needed(connection: AsyncConnection, taken: int) -> int:
    """The sequence up to which INTAKE may be purged when events up to ``taken`` were taken; 0 for nothing."""
    recent = backups.c.made_at > datetime.now(UTC) - KEPT_FOR
    last = select(backups.c.intake_seq).where(recent, backups.c.complete).order_by(backups.c.made_at.desc()).limit(1)
    begun = select(func.min(backups.c.intake_seq)).where(recent)
    kept_from = (
        await connection.execute(select(func.coalesce(last.scalar_subquery(), begun.scalar_subquery())))
    ).scalar_one()
    return taken if kept_from is None else min(taken, kept_from)


async def begin_era(connection: AsyncConnection) -> None:
    """Give a restored ledger a new era: it sends under ids that were never used before."""
    era = f"@{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    await connection.execute(update(layout).values(era=era, eras=func.array_append(layout.c.eras, era)))


async def move_intake(connection: AsyncConnection, upto: int) -> None:
    """Move intake's position past events that it can't get any more."""
    position = await lock_position(connection, INTAKE_CONSUMER, 0)
    await write_position(connection, position, upto, position.outgoing)
