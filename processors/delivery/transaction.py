"""What a handler works with: it reads, decides, and gathers what is written with journal, position and outgoing as one.

Whoever takes a lane's batches is alone in writing what the lane reads, so it reads without a lock; the position's row,
touched by anybody else in the meantime, keeps all of it from being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import connected, fetch_text
from events.store.driver import transaction as begun
from events.store.journal import Journal, entries
from events.store.writes import Writes
from processors.delivery.position import MOVED_ON, Fenced, Message, Position, any_parked, moving_on

AT_ONCE_BYTES = 1_000_000
"""Up to this size of a batch its rows go in one statement, which PostgreSQL holds in memory several times over."""


class Delivery(Struct, frozen=True, gc=False):
    """A message as it came: its place in the stream, its subject, its bytes."""

    stream_seq: int
    subject: str
    body: bytes


@dataclass(slots=True)
class Transaction:
    """``journal`` gathers entries, ``writes`` rows, ``send`` messages: all are written when the handler returns.

    ``connection`` is there to read.

    ``name`` is the transaction's own: its journal and the last message it takes. ``any_parked`` says whether anything
    is parked at its consumer, ``era`` stands in the id of whatever is sent: after a restore a journal's numbers, and
    places in a stream, are given a second time. ``size`` is that of the batch, in bytes.
    """

    connection: AsyncConnection
    journal: Journal
    name: str
    any_parked: bool = True
    era: str = ""
    size: int = 0
    writes: Writes = field(default_factory=Writes)
    outgoing: list[Message] = field(default_factory=list)

    def send(self, stream: str, subject: str, body: bytes) -> None:
        """Send a message after the commit, at least once, each time under the same id."""
        self.outgoing.append(Message(stream, subject, f"{self.name}-{len(self.outgoing)}", body))


class Handler(Protocol):
    """Decides a batch: ``consumer`` names it, ``handle`` writes through the transaction."""

    consumer: str

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Take a batch of deliveries in order."""


async def take(engine: AsyncEngine, handler: Handler, known: Position, batch: Sequence[Delivery]) -> Position:
    """Let a handler take a batch behind a known position; returns the position then, with what is to be sent.

    Raises ``Fenced`` where anybody has touched the position since, so that what somebody else has taken, or put there
    to be sent, is never overwritten; ``DBAPIError``. Nothing is written then.
    """
    async with connected(engine) as connection:
        head = known.journal
        journal = Journal(head.name, head.number, head.hash, head.recorded_at)
        journal.start(datetime.now(UTC))
        name = f"{journal.name}{known.era}-{batch[-1].stream_seq}"
        size = sum(len(delivery.body) for delivery in batch)
        transaction = Transaction(connection, journal, name, known.any_parked, known.era, size)
        await handler.handle(transaction, batch)
        return await _write(transaction, known, batch[-1].stream_seq)


async def _write(transaction: Transaction, known: Position, stream_seq: int) -> Position:
    connection, writes, journal = transaction.connection, transaction.writes, transaction.journal
    writes.insert_values(entries, journal.rows)
    journal.rows = []
    moved = replace(known, stream_seq=stream_seq, journal=journal, outgoing=transaction.outgoing)
    guard = MOVED_ON, moving_on(known, moved)
    if writes.fit_at_once and transaction.size <= AT_ONCE_BYTES:
        moved.mark = _unfenced(known, await writes.at_once(connection, *guard))
        return moved
    async with begun(connection):
        moved.mark = _unfenced(known, await fetch_text(connection, *guard))  # holds the row from here on
        await writes.one_by_one(connection)
        if writes.rest:
            moved.any_parked = await any_parked(connection, known.consumer, known.partition)
    return moved


def _unfenced(known: Position, rows: Sequence[Any]) -> str:
    """The mark of the row, where it was found as it was left."""
    if not rows:
        raise Fenced(f"{known.consumer}.{known.partition}: somebody has touched the position behind {known.stream_seq}")
    return str(rows[0]["mark"])
