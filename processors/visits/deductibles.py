"""The deductible of the basic insurance that a settlement took (起付线), by the ledger's entries of its claim."""

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from events.store.journal import entries
from projections.claims import claims

_BASIC = "basic"
_TAKEN = Prepared(
    select(func.coalesce(func.sum(entries.c.deductible), 0).label("fen")).where(
        entries.c.person_id == bindparam("insured"),
        entries.c.claim_number
        == select(claims.c.number).where(claims.c.claim_id == bindparam("claim")).scalar_subquery(),
        entries.c.layer == _BASIC,
        entries.c.recorded_at <= bindparam("told_at"),
    )
)


async def deductible_of(connection: AsyncConnection, psn_no: str, claim_id: str, told_at: datetime) -> int:
    """In fen, as it stood when the settlement was told: what a late fact changes later is left out."""
    [row] = await _TAKEN.fetch(connection, insured=psn_no, claim=claim_id, told_at=told_at)
    return int(row["fen"])
