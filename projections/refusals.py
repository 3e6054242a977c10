"""Refused events with their reason; the event itself, or its digest and head, is in the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.refusals import REASON_NAMES
from events.store.metadata import metadata
from events.store.rows import load

refusals = Table(
    "refusals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the entry in journal intake"),
    Column("stream_seq", BigInteger, nullable=False, comment="place in INTAKE"),
    Column("identity_source", Text, nullable=False, comment="source and id that the ledger knows the event by"),
    Column("identity_id", Text, nullable=False),
    Column("mailbox", Text, nullable=False, comment="the source that the subject named, which is answered"),
    Column("source", Text, comment="as far as it could be read"),
    Column("event_id", Text, nullable=False, comment="as far as it could be read, else the place in INTAKE"),
    Column("type", Text),
    Column("subject", Text, nullable=False, comment="last token of the answer's subject: claim id or event id"),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("detail_zh", Text, comment="the same in Chinese; older refusals have none"),
    Index("refusals_identity", "identity_id", "identity_source", unique=True),
    Index("refusals_stream_seq", "stream_seq"),
    schema="projections",
)


def refusal_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the source was told of a refusal; ``seq`` is the event's place in INTAKE."""
    told = {name: row[name] for name in ("source", "event_id", "type", "reason", "detail")}
    detail_zh = row["detail_zh"] or REASON_NAMES.get(row["reason"], row["reason"])
    return told | {"detail_zh": detail_zh, "seq": row["stream_seq"]}


async def refusal_at(connection: AsyncConnection, stream_seq: int) -> Mapping[str, Any] | None:
    """The refusal of the event at a place of INTAKE, None where it was not refused."""
    row = (await connection.execute(select(refusals).where(refusals.c.stream_seq == stream_seq))).first()
    return None if row is None else row._asdict()


async def load_refusals(
    connection: AsyncConnection, identities: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Refusal rows by the identity that the ledger knows the event by."""
    wanted = set(identities)
    rows = await load(connection, refusals, refusals.c.identity_id, (event_id for _, event_id in wanted))
    found = {(row["identity_source"], row["identity_id"]): row for row in rows}
    return {identity: row for identity, row in found.items() if identity in wanted}
