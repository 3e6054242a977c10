"""The steps after a draft: approval or withdrawal, payment, a returned transfer, money paid in on a receivable."""

from collections.abc import Iterable, Sequence
from typing import get_args

from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import (
    CLEARING_APPROVED,
    CLEARING_PAID,
    CLEARING_WITHDRAWN,
    PAYMENT_RETURNED,
    RECEIVABLE_SETTLED,
)
from events.money import yuan
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.operators import Operator
from processors.clearing.refusal import ClearingRefused
from projections.clearing_rows import Clearing, ClearingPayment, PayeeKind
from projections.clearings import receivables


def drafter(clearing: Clearing) -> Operator:
    """Who drafted a clearing."""
    return Operator(clearing.drafted_by, clearing.drafted_login)


async def approve(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Approve a draft; it does not change from then on.

    Raises ``ClearingRefused``, also where the actor may be the person who drafted it.
    """
    async with open_journal(engine) as journal:
        clearing = await _load_clearing(journal, clearing_id, "drafted")
        journal.operator(actor).must_differ(drafter(clearing), f"drafted {clearing_id}", "approve it")
        journal.record(CLEARING_APPROVED, {"clearing_id": clearing_id, "actor": actor})


async def withdraw(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Withdraw a draft; the next draft takes what it had taken. Raises ``ClearingRefused``."""
    async with open_journal(engine) as journal:
        await _load_clearing(journal, clearing_id, "drafted")
        journal.record(CLEARING_WITHDRAWN, {"clearing_id": clearing_id, "actor": actor})


async def pay(
    engine: AsyncEngine,
    clearing_id: str,
    actor: str,
    reference: str,
    payees: Sequence[str] = (),
    kind: PayeeKind | None = None,
) -> int:
    """Record as paid what is due to some payees (ids, all of one kind where it is given), or to all; returns fen.

    ``reference`` is the bank's, of the transfer. Raises ``ClearingRefused`` where nothing is due to one of the payees,
    where an id names payees of several kinds, or where the actor may be who noted that such a transfer came back.
    """
    async with open_journal(engine) as journal:
        await _load_clearing(journal, clearing_id, "approved", "paid")
        chosen = [payment for payment in journal.register.payments if payment.is_due]
        if payees:
            wanted = _payees(journal, payees, kind)
            chosen = [payment for payment in chosen if (payment.payee_kind, payment.payee) in wanted]
            for _, payee in sorted(wanted - {(payment.payee_kind, payment.payee) for payment in chosen}):
                raise ClearingRefused(f"nothing is due to {payee} in {clearing_id}")
        if not chosen:
            raise ClearingRefused(f"nothing is due in {clearing_id}")
        for payment in chosen:
            if payment.status == "returned":
                did = f"noted that what {payment.payee} was paid came back"
                journal.operator(actor).must_differ(_who_noted_return(payment), did, "note the payment")
        payments = [{name: getattr(payment, name) for name in ("payee_kind", "payee", "amount")} for payment in chosen]
        journal.record(
            CLEARING_PAID,
            {"clearing_id": clearing_id, "actor": actor, "reference": reference, "payments": payments},
        )
    return sum(payment.amount for payment in chosen)


async def record_return(
    engine: AsyncEngine, clearing_id: str, actor: str, payee: str, reason: str, kind: PayeeKind | None = None
) -> int:
    """Record that a transfer came back: it is due again. Returns how much, in fen.

    Raises ``ClearingRefused`` where nothing was paid, or where the id names payees of several kinds.
    """
    async with open_journal(engine) as journal:
        await _load_clearing(journal, clearing_id, "approved", "paid")
        ((payee_kind, _),) = _payees(journal, [payee], kind)
        payment = journal.register.payments.get((clearing_id, payee_kind, payee))
        if payment is None or payment.status != "paid":
            raise ClearingRefused(f"nothing was paid to {payee} in {clearing_id}")
        journal.record(
            PAYMENT_RETURNED,
            {
                "clearing_id": clearing_id,
                "payee_kind": payee_kind,
                "payee": payee,
                "amount": payment.amount,
                "actor": actor,
                "reason": reason,
            },
        )
    return payment.amount


async def settle_receivable(
    engine: AsyncEngine, receivable_id: str, actor: str, reference: str, amount: int | None = None
) -> int:
    """Record money paid in on a receivable: all that is outstanding, or a part in fen. Returns what is left.

    Raises ``ClearingRefused`` where it does not stand yet, where less is outstanding, or where the actor may be who
    drafted its clearing.
    """
    async with open_journal(engine) as journal:
        await journal.register.receivables.load(journal.connection, receivables.c.receivable_id == receivable_id)
        owed = journal.register.receivables.get((receivable_id,))
        if owed is None:
            raise ClearingRefused(f"there is no receivable {receivable_id}")
        if not owed.stands:
            raise ClearingRefused(f"{owed.clearing_id} is a draft: {receivable_id} stands once it is approved")
        clearing = await _load_clearing(journal, owed.clearing_id, "approved", "paid")
        journal.operator(actor).must_differ(drafter(clearing), f"drafted {owed.clearing_id}", "note what is paid in")
        paid_in = owed.outstanding if amount is None else amount
        if not 0 < paid_in <= owed.outstanding:
            raise ClearingRefused(f"{yuan(owed.outstanding)} is outstanding of {receivable_id}, not {yuan(paid_in)}")
        journal.record(
            RECEIVABLE_SETTLED,
            {"receivable_id": receivable_id, "amount": paid_in, "actor": actor, "reference": reference},
        )
    return owed.outstanding - paid_in


def _who_noted_return(payment: ClearingPayment) -> Operator:
    return Operator(payment.returned_by or "", payment.returned_login)


def _payees(journal: ClearingJournal, ids: Iterable[str], kind: PayeeKind | None) -> set[tuple[str, str]]:
    """The payees (kind and id) of the clearing that ids name; the kind is "" where the clearing has none of an id."""
    kinds: dict[str, set[str]] = {payee: set() for payee in ids}
    for payment in journal.register.payments:
        if payment.payee in kinds and payment.amount and kind in (None, payment.payee_kind):
            kinds[payment.payee].add(payment.payee_kind)
    for payee, found in kinds.items():
        if len(found) > 1:
            names = " and ".join(f"a {each}" for each in get_args(PayeeKind) if each in found)
            raise ClearingRefused(f"{payee} is {names} here: say which with --kind")
    return {(next(iter(found), ""), payee) for payee, found in kinds.items()}


async def _load_clearing(journal: ClearingJournal, clearing_id: str, *allowed: str) -> Clearing:
    """Load a clearing and what its steps may change. Raises ``ClearingRefused`` where its status is not allowed."""
    await journal.register.load_clearing(journal.connection, clearing_id)
    found = journal.register.clearings.get((clearing_id,))
    if found is None:
        raise ClearingRefused(f"there is no clearing {clearing_id}")
    if found.status not in allowed:
        raise ClearingRefused(f"{clearing_id} is {found.status}, not {' or '.join(allowed)}")
    return found
