"""Backups made: INTAKE keeps what came after the last one, so that it can be taken again after a restore."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from processors.delivery.layout import layout
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.position import all_positions, lock_position, write_position

KEPT_FOR = timedelta(days=8)
"""How long INTAKE waits for the next backup: a weekly one may be a day late. Then it keeps nothing, as without any."""

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
    """The last event taken."""
    return (await all_positions(connection)).get((INTAKE_CONSUMER, 0), 0)


async def begin_backup(connection: AsyncConnection) -> datetime:
    """Note that a backup begins, which will hold all events taken so far; INTAKE keeps the others. Returns its name."""
    made_at = datetime.now(UTC)
    taken = await intake_position(connection)
    await connection.execute(insert(backups).values(made_at=made_at, intake_seq=taken, complete=False))
    return made_at


async def complete_backup(connection: AsyncConnection, made_at: datetime) -> None:
    """Note that a backup is there: what is in it is not kept any more for the one before."""
    await connection.execute(update(backups).where(backups.c.made_at == made_at).values(complete=True))


async def no_longer_needed(connection: AsyncConnection, taken: int) -> int:
    """Up to where INTAKE may be purged when events up to ``taken`` were taken; 0 where nothing may go."""
    recent = backups.c.made_at > datetime.now(UTC) - KEPT_FOR
    last = select(backups.c.intake_seq).where(recent, backups.c.complete).order_by(backups.c.made_at.desc()).limit(1)
    begun = select(func.min(backups.c.intake_seq)).where(recent)
    kept_from = (
        await connection.execute(select(func.coalesce(last.scalar_subquery(), begun.scalar_subquery())))
    ).scalar_one()
    return taken if kept_from is None else min(taken, kept_from)


async def begin_era(connection: AsyncConnection) -> None:
    """Let a restored ledger send under ids that none was sent under before."""
    era = f"@{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    await connection.execute(update(layout).values(era=era))


async def move_intake(connection: AsyncConnection, upto: int) -> None:
    """Move intake's position past events that are lost to it."""
    position = await lock_position(connection, INTAKE_CONSUMER, 0)
    await write_position(connection, position, upto, position.outgoing)
