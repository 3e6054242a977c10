"""Discharges that wait for their admission, first come first served, and what waits with them."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import load_as

waiting = Table(
    "waiting",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the entry in journal intake"),
    Column("stream_seq", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("claim_id", Text, nullable=False, comment="of a change of the admission empty"),
    Column("admission_id", Text, nullable=False, comment="what it waits for"),
    Column("raw", LargeBinary, nullable=False),
    Index("waiting_admission", "admission_id"),
    Index("waiting_claim", "claim_id"),
    schema="projections",
)


class Waiting(Struct, frozen=True):
    """A waiting discharge, a correction of it, or a change of its admission, which has no claim id."""

    number: int
    stream_seq: int
    source: str
    event_id: str
    claim_id: str
    admission_id: str
    raw: bytes


async def load_waiting(
    connection: AsyncConnection, admission_ids: Iterable[str], claim_ids: Iterable[str]
) -> list[Waiting]:
    """What waits for one of the admissions or under one of the claim ids, in the order it came."""
    found = await load_as(connection, Waiting, waiting, waiting.c.admission_id, admission_ids)
    found += await load_as(connection, Waiting, waiting, waiting.c.claim_id, claim_ids)
    by_number = {entry.number: entry for entry in found}
    return [by_number[number] for number in sorted(by_number)]
