"""Refused events with their reason; the event itself, or its digest and head, is in the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, exists, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.refusals import REASON_NAMES
from events.store.metadata import metadata
from events.store.rows import among, load
from projections.claims import claims

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
    Column("person_id", Text, comment="of a claim refused as not_enrolled"),
    Column("day", Date, comment="of that claim: its discharge or visit"),
    Index("refusals_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    Index("refusals_identity", "identity_id", "identity_source", unique=True),
    Index("refusals_stream_seq", "stream_seq"),
    schema="projections",
)


def refusal_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the source was told of a refusal; ``seq`` is the event's place in INTAKE."""
    told = {name: row[name] for name in ("source", "event_id", "type", "reason", "detail")}
    detail_zh = row["detail_zh"] or REASON_NAMES.get(row["reason"], row["reason"])
    return told | {"detail_zh": detail_zh, "seq": row["stream_seq"]}


class UnenrolledClaim(Struct, frozen=True):
    """A claim that was refused as ``not_enrolled``; ``subject`` is its claim_id, ``day`` its discharge or visit."""

    number: int
    mailbox: str
    source: str | None
    event_id: str
    type: str | None
    subject: str
    person_id: str
    day: date

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "UnenrolledClaim | None":
        """The claim of a refusal's row, None where it was refused for another reason."""
        if row["person_id"] is None:
            return None
        return cls(**{name: row[name] for name in cls.__struct_fields__})


async def load_unenrolled(connection: AsyncConnection, persons: Iterable[str] | None = None) -> list[UnenrolledClaim]:
    """What was refused of some persons, or of all, as ``not_enrolled`` and is no accepted claim, in recorded order."""
    accepted = exists().where(claims.c.claim_id == refusals.c.subject)
    query = select(refusals).where(refusals.c.person_id.is_not(None), ~accepted).order_by(refusals.c.number)
    if persons is not None:
        query = query.where(among(refusals.c.person_id, persons))
    found = (UnenrolledClaim.of_row(dict(row)) for row in (await connection.execute(query)).mappings())
    return [each for each in found if each is not None]


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
