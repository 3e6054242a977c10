"""One row per consumer and partition: how far it has read, its journal's head, and what its last transaction sends.

A worker decides on what it reads and writes only if the row is still as he left it; one that lost its partition finds
it touched and stops (docs/concurrency.md). Others, who put something there now and then, hold the row's lock meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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

from events.store.driver import Prepared
from events.store.hash_chain import GENESIS
from events.store.journal import Journal
from events.store.metadata import metadata

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
    """Somebody has touched this consumer's position: another worker, a recovery, a rebuild, who adopted a scheme.

    What was decided is not written; whoever still owns the lane begins again from the database.
    """


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
    """A consumer's position as its row says; ``journal`` continues its journal.

    ``any_parked`` says whether anything is parked at the consumer; ``era`` tells what this ledger sends from what one
    sent whose place it took. ``mark`` is another whenever anybody has touched the row.
    """

    consumer: str
    partition: int
    stream_seq: int
    journal: Journal
    any_parked: bool
    era: str
    mark: str
    outgoing: list[Message] = field(default_factory=list)


_OF_ONE = (positions.c.consumer == bindparam("of"), positions.c.partition == bindparam("part"))
_ANY_PARKED = "EXISTS (SELECT 1 FROM processors.parked WHERE parked.consumer = positions.consumer) AS any_parked"
_ERA = "coalesce((SELECT era FROM processors.layout), '') AS era"
# the number of the transaction that wrote this version of the row
_MARK = "xmin::text AS mark"
_STANDING = select(positions, *map(text, (_ANY_PARKED, _ERA, _MARK))).where(*_OF_ONE)
_SEEN = Prepared(_STANDING)
_LOCKED = Prepared(_STANDING.with_for_update(of=positions))
_MOVED = Prepared(
    update(positions)
    .where(*_OF_ONE)
    .values(
        {name: bindparam(name) for name in ("stream_seq", "journal_number", "journal_hash", "recorded_at", "outgoing")}
    )
)
MOVED_ON = (
    "UPDATE processors.positions SET stream_seq = $4::bigint, journal_number = $5::bigint, journal_hash = $6::bytea, "
    "recorded_at = $7::timestamptz, outgoing = $8::bytea "
    "WHERE consumer = $1::text AND partition = $2::smallint AND xmin = $3::text::xid "
    "AND stream_seq = $9::bigint AND journal_hash = $10::bytea RETURNING xmin::text AS mark"
)
"""Moves a row that nobody has touched since it was read; returns its new mark, or nothing. Position and hash are asked
too: after a failover to a standby that lacks the last transactions their numbers are given again."""


def moving_on(known: Position, moved: Position) -> list[Any]:
    """The parameters of ``MOVED_ON``."""
    journal = moved.journal
    head = (moved.stream_seq, journal.number, journal.hash, journal.recorded_at, pack(moved.outgoing))
    return [known.consumer, known.partition, known.mark, *head, known.stream_seq, known.journal.hash]


def journal_name(consumer: str, partition: int) -> str:
    """The journal that a consumer's partition writes."""
    return consumer if consumer == "intake" else f"{consumer}.{partition}"


async def lock(connection: AsyncConnection, consumer: str, partition: int) -> Position:
    """Read a position and hold it until the transaction ends; a consumer that never ran starts at 0."""
    return await _position(connection, _LOCKED, consumer, partition)


async def see(connection: AsyncConnection, consumer: str, partition: int) -> Position:
    """``lock``, without holding it."""
    return await _position(connection, _SEEN, consumer, partition)


async def _position(connection: AsyncConnection, question: Prepared, consumer: str, partition: int) -> Position:
    rows = await question.fetch(connection, of=consumer, part=partition)
    if not rows:
        await insert_if_absent(connection, consumer, partition)
        return await _position(connection, question, consumer, partition)
    [row] = rows
    journal = Journal(journal_name(consumer, partition), row["journal_number"], row["journal_hash"], row["recorded_at"])
    outgoing = unpack(row["outgoing"])
    return Position(
        consumer, partition, row["stream_seq"], journal, row["any_parked"], row["era"], row["mark"], outgoing
    )


async def any_parked(connection: AsyncConnection, consumer: str, partition: int) -> bool:
    """Whether anything is parked at a consumer now."""
    return (await see(connection, consumer, partition)).any_parked


async def insert_if_absent(connection: AsyncConnection, consumer: str, partition: int) -> None:
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


async def all_positions(connection: AsyncConnection) -> dict[tuple[str, int], int]:
    """The last message taken, by consumer and partition."""
    rows = await connection.execute(select(positions.c.consumer, positions.c.partition, positions.c.stream_seq))
    return {(row.consumer, row.partition): row.stream_seq for row in rows}
