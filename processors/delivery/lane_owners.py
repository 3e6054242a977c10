"""Which worker owns each lane, in rows that only who writes the ledger may change.

A row counts only while the session that wrote it holds the advisory lock whose random key the row names: the lock ends
with the session. Anybody may take advisory locks, but not one that is held, and not as the server's process that the
row names. So a login that only reads can't keep a lane from its workers.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Integer, SmallInteger, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata

lane_owners = Table(
    "lane_owners",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("session", BigInteger, nullable=False, comment="key of the lock, drawn at random by the session"),
    Column("process", Integer, nullable=False, comment="of the server, that serves the session"),
    Column("worker", Text, nullable=False, comment="host and process of the worker, and its login"),
    Column("since", DateTime(timezone=True), nullable=False),
    schema="processors",
    comment="which worker owns a lane: only while its session holds the advisory lock named here",
)

_HOLDS_ITS_LOCK = """EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = owner.process
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) | objid::bigint = owner.session
)"""
_OWN = f"""
INSERT INTO processors.lane_owners AS owner (consumer, partition, session, process, worker, since)
VALUES (:consumer, :partition, :session, pg_backend_pid(), :worker, now())
ON CONFLICT (consumer, partition) DO UPDATE
SET session = excluded.session, process = excluded.process, worker = excluded.worker, since = excluded.since
WHERE NOT {_HOLDS_ITS_LOCK}
RETURNING session
"""  # noqa: S608
_DISOWN = """
DELETE FROM processors.lane_owners
WHERE session = :session AND (consumer, partition) = (:consumer, :partition)
"""
_OWNERS = f"SELECT consumer, partition, worker, since FROM processors.lane_owners AS owner WHERE {_HOLDS_ITS_LOCK}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class LaneOwner:
    """A worker that owns a lane: host, process and login as one text, and since when."""

    worker: str
    since: datetime


async def begin_session(connection: AsyncConnection, session: int) -> None:
    """Hold the lock that vouches for this session's rows; ``session`` is a random number of 63 bits."""
    await connection.execute(text("SELECT pg_advisory_lock(:session)"), {"session": session})


async def own(connection: AsyncConnection, session: int, lane: tuple[str, int], worker: str) -> bool:
    """Write that this session owns a lane; returns False where another does."""
    values = {"consumer": lane[0], "partition": lane[1], "session": session, "worker": worker}
    return (await connection.execute(text(_OWN), values)).scalar_one_or_none() is not None


async def disown(connection: AsyncConnection, session: int, lane: tuple[str, int]) -> None:
    """Give a lane of this session up."""
    await connection.execute(text(_DISOWN), {"consumer": lane[0], "partition": lane[1], "session": session})


async def end_session(connection: AsyncConnection, session: int) -> None:
    """Give all lanes of this session up, and its lock."""
    await connection.execute(text("DELETE FROM processors.lane_owners WHERE session = :session"), {"session": session})
    await connection.execute(text("SELECT pg_advisory_unlock(:session)"), {"session": session})


async def load_owners(connection: AsyncConnection) -> dict[tuple[str, int], LaneOwner]:
    """The lanes that are owned, by consumer and partition."""
    rows = await connection.execute(text(_OWNERS))
    return {(row.consumer, row.partition): LaneOwner(row.worker, row.since) for row in rows}
