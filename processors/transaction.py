"""What a handler works with: one database transaction that ends with rows, journal, position and outgoing as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.driver import transaction as transaction_of
from events.ledger import Journal, write
from processors.positions import Fenced, Message, last_id, lock, move


class Delivery(Struct, frozen=True, gc=False):
    """A message as it came: its place in the stream, its subject, its bytes."""

    stream_seq: int
    subject: str
    body: bytes


@dataclass(slots=True)
class Transaction:
    """``journal`` gathers entries, ``send`` gathers messages; both are written when the handler returns.

    ``name`` is the transaction's own: its journal and the last message it takes. ``any_parked`` says whether anything
    is parked at its consumer, ``era`` stands in the id of whatever is sent: after a restore a journal's numbers, and
    places in a stream, are given a second time.
    """

    connection: AsyncConnection
    journal: Journal
    name: str
    any_parked: bool = True
    era: str = ""
    outgoing: list[Message] = field(default_factory=list)

    def send(self, stream: str, subject: str, body: bytes) -> None:
        """Send a message after the commit, at least once, each time under the same id."""
        self.outgoing.append(Message(stream, subject, f"{self.name}-{len(self.outgoing)}", body))


class Handler(Protocol):
    """Decides a batch: ``consumer`` names it, ``handle`` writes through the transaction."""

    consumer: str

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Take a batch of deliveries in order."""


async def take(
    engine: AsyncEngine,
    handler: Handler,
    partition: int,
    expected_seq: int,
    batch: Sequence[Delivery],
    last_sent: str | None = None,
) -> list[Message]:
    """Let a handler take a batch in one transaction; returns what is to be sent.

    ``expected_seq`` is the position this worker knows, ``last_sent`` the id of the last message that it knows to be
    sent ("" for none): raises ``Fenced`` where the database holds another, so that what somebody else put there to be
    sent is never overwritten.
    """
    async with transaction_of(engine) as connection:
        position = await lock(connection, handler.consumer, partition)
        if position.stream_seq != expected_seq:
            raise Fenced(f"{handler.consumer}.{partition}: expected {expected_seq}, found {position.stream_seq}")
        if last_sent is not None and last_id(position.outgoing) != last_sent:
            raise Fenced(f"{handler.consumer}.{partition}: somebody else has put messages there to be sent")
        position.journal.start(datetime.now(UTC))
        name = f"{position.journal.name}{position.era}-{batch[-1].stream_seq}"
        transaction = Transaction(connection, position.journal, name, position.any_parked, position.era)
        await handler.handle(transaction, batch)
        await write(connection, position.journal)
        await move(connection, position, batch[-1].stream_seq, transaction.outgoing)
    return transaction.outgoing
