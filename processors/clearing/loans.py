"""What persons owe the emergency fund (上高 二5): what was lent, and what clearings and cash have repaid."""

from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalog import read
from events.decisions import ADVANCE_REPAID, REPAYMENT_REVERSED
from events.money import yuan
from events.store.journal import entries
from processors.clearing.journal import open_journal
from processors.clearing.movements import history_rows, require_new_reference
from processors.delivery.names import INTAKE_JOURNAL
from processors.offices.operators import Operator
from processors.offices.refusal import StepRefused
from projections.advance_requests import advance_requests
from projections.advances import Advance, load_advances
from projections.clearings import advance_receipts, advance_repayments


class Loan(NamedTuple):
    """An advance and what is repaid of it, in fen: by clearings (open drafts too), and by the person in cash."""

    advance: Advance
    by_clearings: int
    in_cash: int

    @property
    def outstanding(self) -> int:
        """What is left to repay, in fen."""
        return self.advance.amount - self.by_clearings - self.in_cash


async def load_loans(connection: AsyncConnection) -> list[Loan]:
    """All advances with what is repaid of them, oldest first."""
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


async def load_loan(connection: AsyncConnection, region: str, advance_id: str) -> Loan:
    """The advance of one region. Raises ``StepRefused`` where there is none."""
    for loan in await load_loans(connection):
        if (loan.advance.region, loan.advance.advance_id) == (region, advance_id):
            return loan
    asked = await _request(connection, region, advance_id)
    if asked is not None and asked["status"] != "none":
        raise StepRefused(
            f"{advance_id} 只有申请，尚未借出，见 claims advances --region {region}。"
            f"{advance_id} is asked for ({asked['status']}) and not lent"
        )
    raise StepRefused(
        f"统筹区 {region} 没有临时救急借款 {advance_id}，全部见 claims advances。"
        f"no advance {advance_id} was issued in region {region}"
    )


async def loan(engine: AsyncEngine, region: str, advance_id: str) -> dict[str, Any]:
    """One advance, with what clearings took to repay it and every repayment in cash, also what was taken back.

    ``request`` is what was asked for, decided and filed, None of a loan that nobody noted anything of. Raises
    ``StepRefused`` where there is no such advance, or it is asked for and not lent.
    """
    async with engine.connect() as connection:
        asked = await _request(connection, region, advance_id)
        found = await load_loan(connection, region, advance_id)
        key = advance_repayments.c.region == region, advance_repayments.c.advance_id == advance_id
        taken = await connection.execute(
            select(advance_repayments).where(*key).order_by(advance_repayments.c.clearing_id)
        )
        by_clearings = [{"clearing_id": row.clearing_id, "fund": row.fund, "amount": yuan(row.amount)} for row in taken]
        types = (ADVANCE_REPAID, REPAYMENT_REVERSED)
        history = [
            row for row in await history_rows(connection, types, "advance_id", advance_id) if row["region"] == region
        ]
    said = _loan_row(found)
    filed_on = said["filed_on"] or (asked and asked["filed_on"])
    return said | {"filed_on": filed_on, "request": asked, "by_clearings": by_clearings, "history": history}


async def _request(connection: AsyncConnection, region: str, advance_id: str) -> dict[str, Any] | None:
    table = advance_requests.c
    key = table.region == region, table.advance_id == advance_id
    row = (await connection.execute(select(advance_requests).where(*key))).first()
    if row is None:
        return None
    amounts = {"asked": row.amount, "approved": row.approved}
    days = {"applied_on": row.applied_on, "filed_on": row.filed_on}
    return {
        "status": row.status,
        "person_id": row.person_id,
        **{name: None if fen is None else yuan(fen) for name, fen in amounts.items()},
        **{name: None if day is None else day.isoformat() for name, day in days.items()},
        **{name: getattr(row, name) for name in ("applied_by", "decided_by", "reason", "filed_by")},
    }


def _loan_row(loan: Loan) -> dict[str, Any]:
    return {
        "region": loan.advance.region,
        "advance_id": loan.advance.advance_id,
        "person_id": loan.advance.person_id,
        "issued_on": loan.advance.issued_on.isoformat(),
        "lent_by": loan.advance.lent_by,
        "filed_on": None if loan.advance.filed_on is None else loan.advance.filed_on.isoformat(),
        "issued": yuan(loan.advance.amount),
        "repaid": yuan(loan.by_clearings + loan.in_cash),
        "in_cash": yuan(loan.in_cash),
        "outstanding": yuan(loan.outstanding),
    }


async def repay_in_cash(
    engine: AsyncEngine, region: str, advance_id: str, amount: int, actor: str, reference: str
) -> int:
    """Record fen that a person has paid back of an advance of ``region``; returns what is left.

    Raises ``StepRefused`` where there is no such advance, where less is outstanding, where the reference was noted
    already, or where the actor issued it.
    """
    async with open_journal(engine) as journal:
        loan = await load_loan(journal.connection, region, advance_id)
        if issuer := await _issuer(journal.connection, loan.advance):
            issued_by = Operator(issuer, None)
            journal.operator(actor).must_differ(issued_by, f"issued {advance_id}", "note what is paid back")
        if not 0 < amount <= loan.outstanding:
            raise StepRefused(
                f"临时救急借款 {advance_id} 未还 {yuan(loan.outstanding)} 元，不能登记归还 {yuan(amount)} 元。"
                f"{yuan(loan.outstanding)} is outstanding of {advance_id}, not {yuan(amount)}"
            )
        borrower = {("person", loan.advance.person_id)}
        await require_new_reference(journal.connection, ADVANCE_REPAID, reference, region, borrower)
        journal.record(
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
    """The actor of the event by which the advance was issued, where it names one."""
    query = select(entries.c.source, entries.c.raw).where(
        entries.c.journal == INTAKE_JOURNAL, entries.c.number == advance.number
    )
    fact = (await connection.execute(query)).one()
    actor = read(fact.raw, fact.source).extensions.get("actor")
    return None if actor is None else str(actor)
