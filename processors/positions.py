"""One row per consumer and partition: how far it has read, its journal's head, and what its last transaction sends.

Who holds the row's lock with the position he expects may write; a worker that lost its partition finds the position
moved and stops (docs/concurrency.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.driver import Prepared
from events.hashing import GENESIS
from events.ledger import Journal
from events.tables import metadata

positions = Table(
    "positions",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("stream_seq", BigInteger, nullable=False, comment="last message taken"),
    Column("journal_number", BigInteger, nullable=False),
    Column("journal_hash", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("outgoing", LargeBinary, nullable=False, comment="what the last transaction sends; sent again at start"),
    schema="processors",
)


class Fenced(Exception):
    """Another worker has taken this consumer's partition over: stop, write and send nothing."""


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


def last_id(messages: Sequence[Message]) -> str:
    """The id of the last of some messages, "" where there are none."""
    return messages[-1].id if messages else ""


@dataclass(slots=True)
class Position:
    """A consumer's position as read under its row's lock; ``journal`` continues its journal.

    ``any_parked`` says whether anything is parked at the consumer; ``era`` tells what this ledger sends from what one
    sent whose place it took.
    """

    consumer: str
    partition: int
    stream_seq: int
    journal: Journal
    any_parked: bool
    era: str
    outgoing: list[Message] = field(default_factory=list)


_OF_ONE = (positions.c.consumer == bindparam("of"), positions.c.partition == bindparam("part"))
_ANY_PARKED = text("EXISTS (SELECT 1 FROM processors.parked WHERE parked.consumer = positions.consumer) AS any_parked")
_ERA = text("coalesce((SELECT era FROM processors.layout), '') AS era")
_LOCKED = Prepared(select(positions, _ANY_PARKED, _ERA).where(*_OF_ONE).with_for_update(of=positions))
_MOVED = Prepared(
    update(positions)
    .where(*_OF_ONE)
    .values(
        {name: bindparam(name) for name in ("stream_seq", "journal_number", "journal_hash", "recorded_at", "outgoing")}
    )
)


def journal_name(consumer: str, partition: int) -> str:
    """The journal that a consumer's partition writes."""
    return consumer if consumer == "intake" else f"{consumer}.{partition}"


async def lock(connection: AsyncConnection, consumer: str, partition: int) -> Position:
    """Read a position and hold it until the transaction ends; a consumer that never ran starts at 0."""
    rows = await _LOCKED.fetch(connection, of=consumer, part=partition)
    journal = Journal(journal_name(consumer, partition))
    if not rows:
        await stand(connection, consumer, partition)
        return await lock(connection, consumer, partition)
    [row] = rows
    journal.number, journal.hash = row["journal_number"], row["journal_hash"]
    journal.recorded_at = row["recorded_at"]
    return Position(
        consumer, partition, row["stream_seq"], journal, row["any_parked"], row["era"], unpack(row["outgoing"])
    )


async def stand(connection: AsyncConnection, consumer: str, partition: int) -> None:
    """Let a consumer that never ran stand at 0."""
    await connection.execute(
        insert(positions)
        .values(
            consumer=consumer,
            partition=partition,
            stream_seq=0,
            journal_number=0,
            journal_hash=GENESIS,
            recorded_at=Journal(journal_name(consumer, partition)).recorded_at,
            outgoing=b"",
        )
        .on_conflict_do_nothing()
    )


async def move(connection: AsyncConnection, position: Position, stream_seq: int, outgoing: Sequence[Message]) -> None:
    """Write a position back at the end of its transaction."""
    await _MOVED.fetch(
        connection,
        of=position.consumer,
        part=position.partition,
        stream_seq=stream_seq,
        journal_number=position.journal.number,
        journal_hash=position.journal.hash,
        recorded_at=position.journal.recorded_at,
        outgoing=pack(outgoing),
    )


async def read(connection: AsyncConnection, consumer: str, partition: int) -> tuple[int, list[Message]]:
    """The last message taken and what the last transaction sends, without holding the row."""
    row = (
        await connection.execute(
            select(positions.c.stream_seq, positions.c.outgoing).where(
                positions.c.consumer == consumer, positions.c.partition == partition
            )
        )
    ).one_or_none()
    return (0, []) if row is None else (row.stream_seq, unpack(row.outgoing))


async def all_positions(connection: AsyncConnection) -> dict[tuple[str, int], int]:
    """The last message taken, by consumer and partition."""
    rows = await connection.execute(select(positions.c.consumer, positions.c.partition, positions.c.stream_seq))
    return {(row.consumer, row.partition): row.stream_seq for row in rows}
