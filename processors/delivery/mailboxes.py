"""Which sources have a mailbox on NATS: with the store of NATS the mailboxes are lost, and made anew from here."""

from sqlalchemy import Column, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("kind", Text, primary_key=True, comment="of the source, as in its events"),
    Column("id", Text, primary_key=True),
    schema="processors",
    comment="sources that have a mailbox on NATS",
)


async def note_mailbox(connection: AsyncConnection, kind: str, id_: str) -> None:
    """Note that a source has a mailbox."""
    await connection.execute(insert(mailboxes).values(kind=kind, id=id_).on_conflict_do_nothing())


async def forget_mailbox(connection: AsyncConnection, kind: str, id_: str) -> bool:
    """Note that a source has no mailbox any more; returns whether it had one."""
    gone = delete(mailboxes).where(mailboxes.c.kind == kind, mailboxes.c.id == id_).returning(mailboxes.c.id)
    return (await connection.execute(gone)).first() is not None


async def noted_mailboxes(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Kind and id of each source that has a mailbox."""
    rows = await connection.execute(select(mailboxes).order_by(mailboxes.c.kind, mailboxes.c.id))
    return [(row.kind, row.id) for row in rows]
