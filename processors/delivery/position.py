"""One row per consumer and partition: how far it has read, its journal's head, and what its last transaction sends.

A worker writes what it decided only if the row is still as it left it. A worker that lost its partition finds the row
touched and stops (docs/concurrency.md). Other programs that write here now and then hold the row's lock meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from processors.delivery.names import journal_name
from processors.delivery.transaction import Message, Position, pack, unpack

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

_OF_ONE = (positions.c.consumer == bindparam("of"), positions.c.partition == bindparam("part"))
_ANY_PARKED = "EXISTS (SELECT 1 FROM processors.parked WHERE parked.consumer = positions.consumer) AS any_parked"
_ERA = "coalesce((SELECT era FROM processors.layout), '') AS era"
# the number of the transaction that wrote this version of the row
_ROW_VERSION = "xmin::text AS row_version"
_SELECT = select(positions, *map(text, (_ANY_PARKED, _ERA, _ROW_VERSION))).where(*_OF_ONE)
_READ = Prepared(_SELECT)
_LOCK = Prepared(_SELECT.with_for_update(of=positions))
_WRITE = Prepared(
    update(positions)
    .where(*_OF_ONE)
    .values(
        {name: bindparam(name) for name in ("stream_seq", "journal_number", "journal_hash", "recorded_at", "outgoing")}
    )
)


async def lock_position(connection: AsyncConnection, consumer: str, partition: int) -> Position:
    """Read a position and hold it until the transaction ends; a consumer that never ran starts at 0."""
    return await _position(connection, _LOCK, consumer, partition)


async def read_position(connection: AsyncConnection, consumer: str, partition: int) -> Position:
    """Read a position without holding it; a consumer that never ran starts at 0."""
    return await _position(connection, _READ, consumer, partition)


async def _position(connection: AsyncConnection, query: Prepared, consumer: str, partition: int) -> Position:
    rows = await query.fetch(connection, of=consumer, part=partition)
    if not rows:
        await insert_if_absent(connection, consumer, partition)
        return await _position(connection, query, consumer, partition)
    [row] = rows
    journal = Journal(journal_name(consumer, partition), row["journal_number"], row["journal_hash"], row["recorded_at"])
    return Position(
        consumer=consumer,
        partition=partition,
        stream_seq=row["stream_seq"],
        journal=journal,
        any_parked=row["any_parked"],
        era=row["era"],
        row_version=row["row_version"],
        outgoing=unpack(row["outgoing"]),
    )


async def insert_if_absent(connection: AsyncConnection, consumer: str, partition: int) -> None:
    """Put the position of a consumer that never ran at 0."""
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


async def write_position(
    connection: AsyncConnection, position: Position, stream_seq: int, outgoing: Sequence[Message]
) -> None:
    """Write a locked position back at the end of its transaction."""
    await _WRITE.fetch(
        connection,
        of=position.consumer,
        part=position.partition,
        stream_seq=stream_seq,
        journal_number=position.journal.number,
        journal_hash=position.journal.hash,
        recorded_at=position.journal.recorded_at,
        outgoing=pack(outgoing),
    )


@dataclass(frozen=True, slots=True)
class Places:
    """The last message taken by each consumer and partition, and the era of what the ledger sends."""

    taken: Mapping[tuple[str, int], int]
    era: str


async def load_places(connection: AsyncConnection) -> Places:
    """How far the ledger has come."""
    era = (await connection.execute(text(f"SELECT {_ERA}"))).scalar_one()
    return Places(await all_positions(connection), era)


async def all_positions(connection: AsyncConnection) -> dict[tuple[str, int], int]:
    """The last message taken, by consumer and partition."""
    rows = await connection.execute(select(positions.c.consumer, positions.c.partition, positions.c.stream_seq))
    return {(row.consumer, row.partition): row.stream_seq for row in rows}
