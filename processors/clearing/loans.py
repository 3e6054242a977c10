"""What persons owe the emergency fund (上高 二5): what was lent, what clearings and cash have repaid."""

from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalog import read
from events.decisions import ADVANCE_REPAID
from events.money import yuan
from events.store.journal import entries
from processors.clearing.approvers import Who
from processors.clearing.journal import desk
from processors.clearing.refusal import ClearingRefused
from processors.delivery.names import INTAKE_CONSUMER as INTAKE
from projections.advances import Advance, load_advances
from projections.clearings import advance_receipts, advance_repayments


class Loan(NamedTuple):
    """An advance and what of it is repaid, in fen: by clearings (drafted ones too), and by the person himself."""

    advance: Advance
    by_clearings: int
    in_cash: int

    @property
    def outstanding(self) -> int:
        return self.advance.amount - self.by_clearings - self.in_cash


async def load_loans(connection: AsyncConnection) -> list[Loan]:
    """All advances with what of them is repaid, oldest first."""
    by_clearings, in_cash = [
        {
            (row.region, row.advance_id): int(row.repaid)
            for row in await connection.execute(
                select(table.c.region, table.c.advance_id, func.sum(table.c.amount).label("repaid")).group_by(
                    table.c.region, table.c.advance_id
                )
            )
        }
        for table in (advance_repayments, advance_receipts)
    ]
    return [
        Loan(advance, by_clearings.get(key, 0), in_cash.get(key, 0))
        for advance in await load_advances(connection)
        for key in [(advance.region, advance.advance_id)]
    ]


async def loan_rows(engine: AsyncEngine, person_id: str | None = None) -> list[dict[str, Any]]:
    """All advances, or a person's, oldest first, as they are shown: money in yuan."""
    async with engine.connect() as connection:
        loans = await load_loans(connection)
    return [
        {
            "region": loan.advance.region,
            "advance_id": loan.advance.advance_id,
            "person_id": loan.advance.person_id,
            "issued_on": loan.advance.issued_on.isoformat(),
            "issued": yuan(loan.advance.amount),
            "repaid": yuan(loan.by_clearings + loan.in_cash),
            "in_cash": yuan(loan.in_cash),
            "outstanding": yuan(loan.outstanding),
        }
        for loan in loans
        if person_id in (None, loan.advance.person_id)
    ]


async def repay_in_cash(
    engine: AsyncEngine, region: str, advance_id: str, amount: int, actor: str, reference: str
) -> int:
    """Note what a person has paid back of an advance of the bureau of ``region``, in fen; returns what is left.

    Raises ``ClearingRefused`` where there is no such advance, less is outstanding, or the actor issued it.
    """
    async with desk(engine) as at:
        loans = await load_loans(at.connection)
        key = region, advance_id
        loan = next((each for each in loans if (each.advance.region, each.advance.advance_id) == key), None)
        if loan is None:
            raise ClearingRefused(f"bureau/{region} has issued no advance {advance_id}")
        if issuer := await _issuer(at.connection, loan.advance):
            at.who(actor).must_differ(Who(issuer, None), f"issued {advance_id}", "note what is paid back")
        if not 0 < amount <= loan.outstanding:
            raise ClearingRefused(f"{yuan(loan.outstanding)} is outstanding of {advance_id}, not {yuan(amount)}")
        at.record(
            ADVANCE_REPAID,
            {
                "region": region,
                "advance_id": advance_id,
                "person_id": loan.advance.person_id,
                "amount": amount,
                "actor": actor,
                "reference": reference,
            },
        )
    return loan.outstanding - amount


async def _issuer(connection: AsyncConnection, advance: Advance) -> str | None:
    """The actor of the event by which it was issued, where a person entered it."""
    query = select(entries.c.source, entries.c.raw).where(
        entries.c.journal == INTAKE, entries.c.number == advance.number
    )
    fact = (await connection.execute(query)).one()
    actor = read(fact.raw, fact.source).extensions.get("actor")
    return None if actor is None else str(actor)
