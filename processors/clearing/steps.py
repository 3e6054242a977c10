"""What follows a draft: approval by another person or withdrawal, payment, a transfer that came back, money paid in."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import (
    CLEARING_APPROVED,
    CLEARING_PAID,
    CLEARING_WITHDRAWN,
    PAYMENT_RETURNED,
    RECEIVABLE_SETTLED,
)
from events.money import yuan
from processors.clearing.journal import Desk, desk
from processors.clearing.refusal import ClearingRefused
from projections.clearings import Row, clearing_payments, clearings, outstanding, receivables

REOPENED = ("due", "returned")


async def approve(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Approve a draft; from now on it is not changed. Raises ``ClearingRefused``: the actor must be another."""
    async with desk(engine) as at:
        clearing = await _clearing(at, clearing_id, "drafted")
        if clearing["drafted_by"].casefold() == actor.casefold():
            raise ClearingRefused(f"{actor} drafted {clearing_id}: another person must approve it")
        at.record(CLEARING_APPROVED, {"clearing_id": clearing_id, "actor": actor})


async def withdraw(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Take a draft back; what it had taken is free for the next. Raises ``ClearingRefused``."""
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "drafted")
        at.record(CLEARING_WITHDRAWN, {"clearing_id": clearing_id, "actor": actor})


async def pay(engine: AsyncEngine, clearing_id: str, actor: str, reference: str, payees: Sequence[str] = ()) -> int:
    """Note as paid what is due to some payees (ids), or to all; returns how much, in fen.

    ``reference`` is the bank's of the transfer. Raises ``ClearingRefused`` where nothing is due to one of them.
    """
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "approved", "paid")
        due = [row for row in at.register.of(clearing_payments) if row["status"] in REOPENED]
        for payee in payees:
            if payee not in {row["payee"] for row in due}:
                raise ClearingRefused(f"nothing is due to {payee} in {clearing_id}")
        chosen = [row for row in due if not payees or row["payee"] in payees]
        if not chosen:
            raise ClearingRefused(f"nothing is due in {clearing_id}")
        payments = [{name: row[name] for name in ("payee_kind", "payee", "amount")} for row in chosen]
        at.record(
            CLEARING_PAID,
            {"clearing_id": clearing_id, "actor": actor, "reference": reference, "payments": payments},
        )
    return sum(row["amount"] for row in chosen)


async def give_back(engine: AsyncEngine, clearing_id: str, actor: str, payee: str, reason: str) -> int:
    """Note that a transfer came back: it is due again. Returns how much, in fen. Raises ``ClearingRefused``."""
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "approved", "paid")
        paid = [row for row in at.register.of(clearing_payments, payee=payee) if row["status"] == "paid"]
        if not paid:
            raise ClearingRefused(f"nothing was paid to {payee} in {clearing_id}")
        for row in paid:
            at.record(
                PAYMENT_RETURNED,
                {
                    "clearing_id": clearing_id,
                    "payee_kind": row["payee_kind"],
                    "payee": payee,
                    "amount": row["amount"],
                    "actor": actor,
                    "reason": reason,
                },
            )
    return sum(row["amount"] for row in paid)


async def settle_receivable(
    engine: AsyncEngine, receivable_id: str, actor: str, reference: str, amount: int | None = None
) -> int:
    """Note money paid in on a receivable, all that is outstanding or a part in fen; returns what is left.

    Raises ``ClearingRefused`` where it does not stand, or less is outstanding.
    """
    async with desk(engine) as at:
        await at.register.load(at.connection, receivables, receivables.c.receivable_id == receivable_id)
        owed = at.register.rows[receivables].get((receivable_id,))
        if owed is None:
            raise ClearingRefused(f"there is no receivable {receivable_id}")
        if not owed["stands"]:
            raise ClearingRefused(f"{owed['clearing_id']} is a draft: {receivable_id} stands once it is approved")
        left = outstanding(owed)
        paid_in = left if amount is None else amount
        if not 0 < paid_in <= left:
            raise ClearingRefused(f"{yuan(left)} is outstanding of {receivable_id}, not {yuan(paid_in)}")
        at.record(
            RECEIVABLE_SETTLED,
            {"receivable_id": receivable_id, "amount": paid_in, "actor": actor, "reference": reference},
        )
    return left - paid_in


async def _clearing(at: Desk, clearing_id: str, *allowed: str) -> Row:
    await at.register.load_clearing(at.connection, clearing_id)
    found = at.register.rows[clearings].get((clearing_id,))
    if found is None:
        raise ClearingRefused(f"there is no clearing {clearing_id}")
    if found["status"] not in allowed:
        raise ClearingRefused(f"{clearing_id} is {found['status']}, not {' or '.join(allowed)}")
    return found
