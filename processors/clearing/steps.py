"""What follows a draft: approval by another person or withdrawal, payment, a transfer that came back, money paid in."""

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import (
    CLEARING_APPROVED,
    CLEARING_PAID,
    CLEARING_WITHDRAWN,
    PAYMENT_RETURNED,
    RECEIVABLE_SETTLED,
)
from events.money import yuan
from processors.clearing.approvers import Who
from processors.clearing.journal import Desk, desk
from processors.clearing.refusal import ClearingRefused
from projections.clearings import Row, clearing_payments, clearings, outstanding, receivables

REOPENED = ("due", "returned")

PayeeKind = Literal["hospital", "person", "emergency_fund"]
"""One of each may have the same id."""


def drafter(clearing: Row) -> Who:
    """Who drafted a clearing."""
    return Who(clearing["drafted_by"], clearing["drafted_login"])


async def approve(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Approve a draft; from now on it is not changed. Raises ``ClearingRefused``: the actor must be another."""
    async with desk(engine) as at:
        clearing = await _clearing(at, clearing_id, "drafted")
        at.who(actor).must_differ(drafter(clearing), f"drafted {clearing_id}", "approve it")
        at.record(CLEARING_APPROVED, {"clearing_id": clearing_id, "actor": actor})


async def withdraw(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Take a draft back; what it had taken is free for the next. Raises ``ClearingRefused``."""
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "drafted")
        at.record(CLEARING_WITHDRAWN, {"clearing_id": clearing_id, "actor": actor})


async def pay(
    engine: AsyncEngine,
    clearing_id: str,
    actor: str,
    reference: str,
    payees: Sequence[str] = (),
    kind: PayeeKind | None = None,
) -> int:
    """Note as paid what is due to some payees (ids, all of one kind where it is given), or to all; returns fen.

    ``reference`` is the bank's of the transfer. Raises ``ClearingRefused`` where nothing is due to one of them, an id
    alone does not tell which is meant, or the actor noted himself that one of these transfers came back.
    """
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "approved", "paid")
        chosen = [row for row in at.register.of(clearing_payments) if row["status"] in REOPENED]
        if payees:
            whose = _payees(at, payees, kind)
            chosen = [row for row in chosen if (row["payee_kind"], row["payee"]) in whose]
            for _, payee in sorted(whose - {(row["payee_kind"], row["payee"]) for row in chosen}):
                raise ClearingRefused(f"nothing is due to {payee} in {clearing_id}")
        if not chosen:
            raise ClearingRefused(f"nothing is due in {clearing_id}")
        for row in chosen:
            if row["status"] == "returned":
                noted = f"noted that what {row['payee']} was paid came back"
                at.who(actor).must_differ(Who(row["returned_by"], row["returned_login"]), noted, "note the payment")
        payments = [{name: row[name] for name in ("payee_kind", "payee", "amount")} for row in chosen]
        at.record(
            CLEARING_PAID,
            {"clearing_id": clearing_id, "actor": actor, "reference": reference, "payments": payments},
        )
    return sum(row["amount"] for row in chosen)


async def give_back(
    engine: AsyncEngine, clearing_id: str, actor: str, payee: str, reason: str, kind: PayeeKind | None = None
) -> int:
    """Note that a transfer came back: it is due again. Returns how much, in fen.

    Raises ``ClearingRefused`` where nothing was paid, or the id alone does not tell to whom.
    """
    async with desk(engine) as at:
        await _clearing(at, clearing_id, "approved", "paid")
        ((payee_kind, _),) = _payees(at, [payee], kind)
        paid = at.register.of(clearing_payments, payee_kind=payee_kind, payee=payee, status="paid")
        if not paid:
            raise ClearingRefused(f"nothing was paid to {payee} in {clearing_id}")
        amount: int = paid[0]["amount"]
        at.record(
            PAYMENT_RETURNED,
            {
                "clearing_id": clearing_id,
                "payee_kind": payee_kind,
                "payee": payee,
                "amount": amount,
                "actor": actor,
                "reason": reason,
            },
        )
    return amount


async def settle_receivable(
    engine: AsyncEngine, receivable_id: str, actor: str, reference: str, amount: int | None = None
) -> int:
    """Note money paid in on a receivable, all that is outstanding or a part in fen; returns what is left.

    Raises ``ClearingRefused`` where it does not stand, less is outstanding, or the actor drafted its clearing.
    """
    async with desk(engine) as at:
        await at.register.load(at.connection, receivables, receivables.c.receivable_id == receivable_id)
        owed = at.register.rows[receivables].get((receivable_id,))
        if owed is None:
            raise ClearingRefused(f"there is no receivable {receivable_id}")
        if not owed["stands"]:
            raise ClearingRefused(f"{owed['clearing_id']} is a draft: {receivable_id} stands once it is approved")
        clearing = await _clearing(at, owed["clearing_id"], "approved", "paid")
        at.who(actor).must_differ(drafter(clearing), f"drafted {owed['clearing_id']}", "note what is paid in")
        left = outstanding(owed)
        paid_in = left if amount is None else amount
        if not 0 < paid_in <= left:
            raise ClearingRefused(f"{yuan(left)} is outstanding of {receivable_id}, not {yuan(paid_in)}")
        at.record(
            RECEIVABLE_SETTLED,
            {"receivable_id": receivable_id, "amount": paid_in, "actor": actor, "reference": reference},
        )
    return left - paid_in


def _payees(at: Desk, ids: Iterable[str], kind: PayeeKind | None) -> set[tuple[str, str]]:
    """The payees (kind and id) of the clearing that ids name; of one that has nothing to be paid, the kind is open."""
    kinds: dict[str, set[str]] = {payee: set() for payee in ids}
    for row in at.register.of(clearing_payments):
        if row["payee"] in kinds and row["amount"] and kind in (None, row["payee_kind"]):
            kinds[row["payee"]].add(row["payee_kind"])
    for payee, found in kinds.items():
        if len(found) > 1:
            told = " and ".join(f"a {each}" for each in get_args(PayeeKind) if each in found)
            raise ClearingRefused(f"{payee} is {told} here: say which with --kind")
    return {(next(iter(found), ""), payee) for payee, found in kinds.items()}


async def _clearing(at: Desk, clearing_id: str, *allowed: str) -> Row:
    await at.register.load_clearing(at.connection, clearing_id)
    found = at.register.rows[clearings].get((clearing_id,))
    if found is None:
        raise ClearingRefused(f"there is no clearing {clearing_id}")
    if found["status"] not in allowed:
        raise ClearingRefused(f"{clearing_id} is {found['status']}, not {' or '.join(allowed)}")
    return found
