"""What the books say of a set of events: how many were accepted, and what the claims among them came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import EVENT_REJECTED, EVENT_WAITING
from events.store.journal import entries
from processors.delivery.parked_runs import parked
from projections.claims import claims
from projections.grants import grants
from projections.statements import paid_by_layer, statements
from projections.waiting_discharges import waiting


@dataclass(slots=True)
class Summary:
    """Counts of events, and fen over the standing claims among them; ``grants`` are those these claims brought."""

    events: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    waiting: int = 0
    parked: int = 0
    claims: int = 0
    total: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    patient_share: int = 0
    hospital_share: int = 0
    grants: int = 0


async def summarise(connection: AsyncConnection, sequences: Sequence[int]) -> Summary:
    """The summary of the events at some places of INTAKE."""
    ours = any_(bindparam("sequences", list(sequences), type_=ARRAY(BigInteger)))
    summary = Summary(events=len(sequences))
    refused = case((entries.c.type == EVENT_REJECTED, 1), else_=0)
    row = (
        await connection.execute(
            select(func.count() - func.coalesce(func.sum(refused), 0), func.coalesce(func.sum(refused), 0)).where(
                entries.c.stream_seq == ours, entries.c.type != EVENT_WAITING
            )
        )
    ).one()
    summary.accepted, summary.refused = int(row[0]), int(row[1])
    waits = select(func.count()).select_from(waiting).where(waiting.c.stream_seq == ours)
    summary.waiting = (await connection.execute(waits)).scalar_one()
    summary.duplicates = summary.events - summary.accepted - summary.refused - summary.waiting
    await _money(connection, summary, sequences)
    return summary


async def _money(connection: AsyncConnection, summary: Summary, sequences: Sequence[int]) -> None:
    ours = any_(bindparam("sequences", list(sequences), type_=ARRAY(BigInteger)))
    claimed = (
        select(claims.c.claim_id, claims.c.person_id)
        .join(entries, (entries.c.claim_id == claims.c.claim_id) & (entries.c.person_id == claims.c.person_id))
        .where(
            entries.c.stream_seq == ours,
            entries.c.type.in_(
                ("discharge.recorded.v1", "interim.recorded.v1", "outpatient.recorded.v1", "bill.submitted.v1")
            ),
        )
        .cte("claimed")
    )
    settled = (
        select(statements)
        .join(claimed, claimed.c.claim_id == statements.c.claim_id)
        .where(statements.c.status == "settled")
    ).cte("settled")
    row = (
        await connection.execute(
            select(
                func.count(),
                func.coalesce(func.sum(settled.c.total), 0),
                func.coalesce(func.sum(settled.c.patient_share), 0),
                func.coalesce(func.sum(settled.c.hospital_share), 0),
            )
        )
    ).one()
    summary.claims, summary.total, summary.patient_share, summary.hospital_share = (int(value) for value in row)
    summary.paid = await paid_by_layer(connection, settled)
    awarded = select(func.coalesce(func.sum(grants.c.amount), 0)).where(
        grants.c.claim_id.in_(select(settled.c.claim_id))
    )
    summary.grants = int((await connection.execute(awarded)).scalar_one())
    theirs = select(func.count()).where(parked.c.person_id.in_(select(claimed.c.person_id)))
    summary.parked = (await connection.execute(theirs)).scalar_one()
