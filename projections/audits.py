"""Audit findings, in the order they were recorded."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import AUDIT_PARTS
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load
from policies.claim import Audit

audits = Table(
    "audits",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("claim_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("borne_by", Text, nullable=False),
    Column("part", Text, comment="of the bill, that it leaves; null: the parts in their order"),
    Index("audits_claim", "claim_id"),
    not_negative("amount"),
    one_of("borne_by", ("hospital", "person")),
    one_of("part", AUDIT_PARTS),
    schema="projections",
)


async def load_audits(connection: AsyncConnection, claim_ids: Iterable[str]) -> dict[str, list[Audit]]:
    """Findings by claim, in recorded order."""
    found: dict[str, list[Audit]] = {}
    for row in await load(connection, audits, audits.c.claim_id, claim_ids, audits.c.number):
        found.setdefault(row["claim_id"], []).append(Audit(row["amount"], row["borne_by"], row["part"]))
    return found


async def known_findings(connection: AsyncConnection, finding_ids: Iterable[str]) -> set[str]:
    """Which of the finding ids have been recorded."""
    return {row["finding_id"] for row in await load(connection, audits, audits.c.finding_id, finding_ids)}
