"""What a handler works with: entries, rows and messages, written in one transaction with the position.

The worker that owns a lane is alone in writing what the lane reads, so its handler reads without a lock. Where anything
else has touched the position's row in the meantime, nothing of the transaction is written (docs/concurrency.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import connected, fetch_text
from events.store.driver import transaction as begun
from events.store.journal import Journal, database_time, entries
from events.store.writes import Writes

AT_ONCE_BYTES = 1_000_000
"""Up to this size of a batch its rows go in one statement, which PostgreSQL holds in memory several times over."""

_WRITE_UNLESS_TOUCHED = (
    "UPDATE processors.positions SET stream_seq = $4::bigint, journal_number = $5::bigint, journal_hash = $6::bytea, "
    "recorded_at = $7::timestamptz, outgoing = $8::bytea "
    "WHERE consumer = $1::text AND partition = $2::smallint AND xmin = $3::text::xid "
    "AND stream_seq = $9::bigint AND journal_hash = $10::bytea "
    "AND NOT EXISTS (SELECT FROM unnest($11::text[], $12::smallint[], $13::bigint[]) "
    "AS sent (consumer, partition, place) LEFT JOIN processors.positions AS sender USING (consumer, partition) "
    "WHERE coalesce(sender.stream_seq, 0) < sent.place) RETURNING xmin::text AS row_version"
)
"""Writes a position that nothing has touched since it was read; returns its new row version, or no row. Stream position
and hash are compared too: after a failover to a standby that lacks the last transactions PostgreSQL gives their numbers
a second time. And no transaction that sent a message of the batch may be missing: where only the sender's rows were set
back, this lane's own row is as it left it."""
_ANY_PARKED = "SELECT EXISTS (SELECT 1 FROM processors.parked WHERE consumer = $1::text) AS any_parked"


class Fenced(Exception):
    """Something has touched this consumer's position: another worker, a recovery, a rebuild, the adoption of a scheme.

    What was decided is not written. A worker that still owns the lane begins again from the database.
    """


class Delivery(Struct, frozen=True, gc=False):
    """A message as it came: its place in the stream, its subject, its bytes, the id that its sender gave it."""

    stream_seq: int
    subject: str
    body: bytes
    id: str = ""


class Sent(Struct, frozen=True, gc=False):
    """What a message's id says of the transaction that sent it: the lane's journal, the era, the last message taken."""

    journal: str
    era: str
    place: int


def sent_behind(message_id: str) -> Sent | None:
    """The transaction of a lane that sent a message; None for the ids of sources, commands and recoveries."""
    head, _, rest = message_id.rpartition("-")[0].rpartition("-")
    if not head or not rest.isdecimal():
        return None
    journal, mark, era = head.partition("@")
    return Sent(journal, mark + era, int(rest))


class Message(Struct, frozen=True, gc=False):
    """A message to send: ``stream`` and ``subject`` say where, ``id`` is the same each time it is sent."""

    stream: str
    subject: str
    id: str
    body: bytes


def pack(messages: Sequence[Message]) -> bytes:
    """Messages as one value: a line that tells what follows, then the bodies."""
    header = orjson.dumps([[message.stream, message.subject, message.id, len(message.body)] for message in messages])
    return b"\n".join((header, b"".join(message.body for message in messages))) if messages else b""


def unpack(value: bytes) -> list[Message]:
    """The messages that ``pack`` put into a value."""
    if not value:
        return []
    header, bodies = value.split(b"\n", 1)
    messages, start = [], 0
    for stream, subject, message_id, length in orjson.loads(header):
        messages.append(Message(stream, subject, message_id, bodies[start : start + length]))
        start += length
    return messages


@dataclass(slots=True)
class Position:
    """How far a consumer's partition has read; ``journal`` continues its journal.

    ``outgoing`` is what its last transaction sends. ``any_parked`` says whether anything is parked at the consumer.
    ``era`` tells what this ledger sends from what the one sent whose place it took. ``row_version`` changes whenever
    anything touches the row.
    """

    consumer: str
    partition: int
    stream_seq: int
    journal: Journal
    any_parked: bool
    era: str
    row_version: str
    outgoing: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class Transaction:
    """``journal`` gathers entries, ``writes`` rows, ``send`` messages: all are written when the handler returns.

    ``connection`` is there to read.

    ``name`` is the transaction's own: its journal and the last message it takes. ``any_parked`` says whether anything
    is parked at its consumer. ``era`` stands in the id of each message: after a restore a journal gives its numbers,
    and a stream its places, a second time. ``size`` is that of the batch, in bytes.
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
        """Handle a batch of deliveries in order."""


async def handle_batch(engine: AsyncEngine, handler: Handler, known: Position, batch: Sequence[Delivery]) -> Position:
    """Let a handler decide a batch behind a known position; returns the position after it, with what is to be sent.

    Raises ``Fenced`` where anything has touched the position since it was read, so that no other writer's work is
    overwritten, and where the database lacks what the batch's senders had committed; ``DBAPIError``. Nothing is written
    then.
    """
    async with connected(engine) as connection:
        head = known.journal
        journal = Journal(head.name, head.number, head.hash, head.recorded_at)
        journal.start(await database_time(connection))
        name = f"{journal.name}{known.era}-{batch[-1].stream_seq}"
        size = sum(len(delivery.body) for delivery in batch)
        transaction = Transaction(connection, journal, name, known.any_parked, known.era, size)
        await handler.handle(transaction, batch)
        return await _write(transaction, known, batch)


async def _write(transaction: Transaction, known: Position, batch: Sequence[Delivery]) -> Position:
    connection, writes, journal = transaction.connection, transaction.writes, transaction.journal
    writes.insert_values(entries, journal.rows)
    journal.rows = []
    after = replace(known, stream_seq=batch[-1].stream_seq, journal=journal, outgoing=transaction.outgoing)
    guard = _WRITE_UNLESS_TOUCHED, [*_parameters(known, after), *_senders(known, batch)]
    if writes.fit_at_once and transaction.size <= AT_ONCE_BYTES:
        after.row_version = _unfenced(known, await writes.at_once(connection, *guard))
        return after
    async with begun(connection):
        after.row_version = _unfenced(known, await fetch_text(connection, *guard))  # holds the row from here on
        await writes.one_by_one(connection)
        if writes.rest:
            [row] = await fetch_text(connection, _ANY_PARKED, [known.consumer])
            after.any_parked = row["any_parked"]
    return after


def _parameters(known: Position, after: Position) -> list[Any]:
    journal = after.journal
    head = (after.stream_seq, journal.number, journal.hash, journal.recorded_at, pack(after.outgoing))
    return [known.consumer, known.partition, known.row_version, *head, known.stream_seq, known.journal.hash]


def _senders(known: Position, batch: Sequence[Delivery]) -> tuple[list[str], list[int], list[int]]:
    """The lanes that sent a batch, and the last message that each had taken when it did, as three lists.

    Raises ``Fenced`` where one sent in a later era than the position's: this is an older database than it was.
    """
    places: dict[str, int] = {}
    for delivery in batch:
        sent = sent_behind(delivery.id) if delivery.id else None
        if sent is None or sent.era < known.era:
            continue
        if sent.era > known.era:
            raise Fenced(f"{known.consumer}.{known.partition}: {delivery.id} is of a later era than the database")
        places[sent.journal] = max(places.get(sent.journal, 0), sent.place)
    lanes = [journal.rpartition(".") for journal in places]
    return (
        [consumer or partition for consumer, _, partition in lanes],
        [int(partition) if consumer else 0 for consumer, _, partition in lanes],
        list(places.values()),
    )


def _unfenced(known: Position, rows: Sequence[Any]) -> str:
    """The version of the row, where it was found as it was left."""
    if not rows:
        touched = f"something has touched the position behind {known.stream_seq}, or set the database back"
        raise Fenced(f"{known.consumer}.{known.partition}: {touched}")
    return str(rows[0]["row_version"])
