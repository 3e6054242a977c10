"""Audit findings with what stands of each, in the order they were recorded."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Row, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import AUDIT_PARTS, AuditPart
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import among, load
from policies.claim import Audit, BorneBy

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
    """What stands of findings by claim, in recorded order; one that was withdrawn keeps its place."""
    found: dict[str, list[Audit]] = {}
    for row in await load(connection, audits, audits.c.claim_id, claim_ids, audits.c.number):
        found.setdefault(row["claim_id"], []).append(Audit(row["amount"], row["borne_by"], row["part"]))
    return found


class AuditFinding(NamedTuple):
    """One finding; ``amount`` fen of it stand. ``place`` is its own among those of its claim, from 0."""

    finding_id: str
    number: int
    claim_id: str
    amount: int
    borne_by: BorneBy
    part: AuditPart | None
    place: int


async def load_findings(connection: AsyncConnection, finding_ids: Iterable[str]) -> dict[str, AuditFinding]:
    """Findings by number."""
    wanted = list(finding_ids)
    of_claims = select(audits.c.claim_id).where(among(audits.c.finding_id, wanted))
    place = func.row_number().over(partition_by=audits.c.claim_id, order_by=audits.c.number) - 1
    placed = select(audits, place.label("place")).where(audits.c.claim_id.in_(of_claims)).subquery()
    columns = [placed.c[name] for name in AuditFinding._fields]
    rows = await connection.execute(select(*columns).where(among(placed.c.finding_id, wanted)))
    return {row.finding_id: AuditFinding(*row) for row in rows}


_ON_HOSPITAL = text("""
SELECT entry.claim_id, entry.number, entry.recorded_at
FROM ledger.entries AS entry
JOIN projections.audits AS audit
  ON audit.claim_id = entry.claim_id
 AND audit.finding_id = convert_from(entry.raw, 'UTF8')::json -> 'data' ->> 'finding_id'
WHERE entry.journal = 'intake' AND entry.person_id = ANY(:persons)
  AND entry.type IN ('audit.found.v1', 'audit.withdrawn.v1') AND audit.borne_by = 'hospital'
""")


async def facts_on_hospitals(connection: AsyncConnection, person_ids: Iterable[str]) -> list[Row[Any]]:
    """The facts that lay an amount on the hospital of a claim of some persons, or take it back: ``claim_id``,
    ``number`` in journal intake, ``recorded_at``."""
    found = await connection.execute(_ON_HOSPITAL, {"persons": sorted(set(person_ids))})
    return list(found.all())
