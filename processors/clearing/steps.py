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
from processors.clearing.movements import require_new_reference, standing_transfers
from processors.clearing.payment_holds import held_hospitals, refuse_held
from processors.clearing.refusal import STATUS_NAMES, no_clearing, no_receivable
from processors.offices.operators import Operator
from processors.offices.refusal import StepRefused
from projections.clearing_rows import Clearing, ClearingPayment, PayeeKind
from projections.clearings import receivables


def drafter(clearing: Clearing) -> Operator:
    """Who drafted a clearing."""
    return Operator(clearing.drafted_by, clearing.drafted_login)


async def approve(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Approve a draft; it does not change from then on.

    Raises ``StepRefused``, also where the actor may be the person who drafted it.
    """
    async with open_journal(engine) as journal:
        clearing = await load_clearing(journal, clearing_id, "drafted")
        journal.operator(actor).must_differ(drafter(clearing), f"drafted {clearing_id}", "approve it")
        journal.record(CLEARING_APPROVED, {"clearing_id": clearing_id, "actor": actor})


async def withdraw(engine: AsyncEngine, clearing_id: str, actor: str) -> None:
    """Withdraw a draft; the next draft takes what it had taken. Raises ``StepRefused``."""
    async with open_journal(engine) as journal:
        await load_clearing(journal, clearing_id, "drafted")
        journal.record(CLEARING_WITHDRAWN, {"clearing_id": clearing_id, "actor": actor})


async def pay(
    engine: AsyncEngine,
    clearing_id: str,
    actor: str,
    reference: str,
    payees: Sequence[str] = (),
    kind: PayeeKind | None = None,
    seen: int | None = None,
) -> int:
    """Record as paid what is due to some payees (ids, all of one kind where it is given), or to all; returns fen.

    What a case of supervision holds is left due; a payee who is named and held is refused. ``seen`` is what the actor
    was shown to be due, in fen, where it was shown: nothing else is noted.

    ``reference`` is the bank's, of the transfer: one reference for several payees, but none a second time for one of
    them, nor for another region. Raises ``StepRefused`` where it was noted already, where nothing is due to one of
    the payees, where an id names payees of several kinds, or where the actor may be who noted that such a transfer came
    back or was a mistake.
    """
    async with open_journal(engine) as journal:
        clearing = await load_clearing(journal, clearing_id, "approved", "paid")
        chosen = [payment for payment in journal.register.payments if payment.is_due]
        if payees:
            wanted = payees_of(journal, payees, kind)
            chosen = [payment for payment in chosen if (payment.payee_kind, payment.payee) in wanted]
            for _, payee in sorted(wanted - {(payment.payee_kind, payment.payee) for payment in chosen}):
                raise StepRefused(
                    f"{clearing_id} 中没有待拨付给 {payee} 的款项。nothing is due to {payee} in {clearing_id}"
                )
        if not chosen:
            raise StepRefused(f"{clearing_id} 没有待拨付的款项。nothing is due in {clearing_id}")
        chosen = await _not_held(journal, clearing, chosen, named=bool(payees))
        for payment in chosen:
            require_another_payer(journal.operator(actor), payment)
        if seen not in (None, due := sum(payment.left for payment in chosen)):
            raise StepRefused(
                f"待拨付现为 {yuan(due)} 元，打开页面时为 {yuan(seen or 0)} 元，请重新核对后登记。"
                f"{yuan(due)} is due now, {yuan(seen or 0)} was when the page was opened: look at it again"
            )
        paid_to = {(payment.payee_kind, payment.payee) for payment in chosen}
        await require_new_reference(journal.connection, CLEARING_PAID, reference, clearing.region, paid_to)
        payments = [{"payee_kind": each.payee_kind, "payee": each.payee, "amount": each.left} for each in chosen]
        journal.record(
            CLEARING_PAID,
            {"clearing_id": clearing_id, "actor": actor, "reference": reference, "payments": payments},
        )
    return due


async def _not_held(
    journal: ClearingJournal, clearing: Clearing, chosen: Sequence[ClearingPayment], *, named: bool
) -> list[ClearingPayment]:
    held = await held_hospitals(journal.connection, clearing.region, clearing.number, journal.today)
    free = [each for each in chosen if not held.of(each.payee_kind, each.payee)]
    if named or not free:
        for each in chosen:
            refuse_held(f"{clearing.clearing_id} {each.payee}", held.of(each.payee_kind, each.payee))
    return free


async def record_return(
    engine: AsyncEngine,
    clearing_id: str,
    actor: str,
    payee: str,
    reason: str,
    kind: PayeeKind | None = None,
    reference: str | None = None,
) -> int:
    """Record that a transfer came back: it is due again. Returns how much, in fen.

    ``reference`` is that of what came back, where the bank gives one; the payment keeps its own. Raises
    ``StepRefused`` where nothing was paid, where the id names payees of several kinds, or where the reference was
    noted already.
    """
    async with open_journal(engine) as journal:
        clearing = await load_clearing(journal, clearing_id, "approved", "paid")
        ((payee_kind, _),) = payees_of(journal, [payee], kind)
        payment = journal.register.payments.get((clearing_id, payee_kind, payee))
        if payment is None or not payment.paid:
            raise StepRefused(
                f"{clearing_id} 中没有已拨付给 {payee} 的款项。nothing was paid to {payee} in {clearing_id}"
            )
        given = await _payer_of_the_only_transfer(journal, payment)
        if reference is not None:
            back = {(payee_kind, payee)}
            await require_new_reference(journal.connection, PAYMENT_RETURNED, reference, clearing.region, back)
            given |= {"reference": reference}
        journal.record(
            PAYMENT_RETURNED,
            {
                "clearing_id": clearing_id,
                "payee_kind": payee_kind,
                "payee": payee,
                "amount": payment.paid,
                "actor": actor,
                "reason": reason,
                **given,
            },
        )
    return payment.paid


async def _payer_of_the_only_transfer(journal: ClearingJournal, payment: ClearingPayment) -> dict[str, str]:
    """The fund whose transfer comes back, where one alone had paid. Raises ``StepRefused`` where several had."""
    standing = await standing_transfers(journal.connection, payment)
    if len(standing) > 1:
        references = "、".join(str(each.reference) for each in standing)
        raise StepRefused(
            f"{payment.payee} 分 {len(standing)} 笔拨付（{references}），"
            f"退汇请按凭证号用 claims clearing bank-reply 登记。"
            f"{payment.payee} was paid in {len(standing)} transfers: note by a bank's reply which one came back"
        )
    (only,) = standing or (None,)
    return {} if only is None or only.payer is None else only.payer.told()


async def settle_receivable(
    engine: AsyncEngine, receivable_id: str, actor: str, reference: str, amount: int | None = None
) -> int:
    """Record money paid in on a receivable: all that is outstanding, or a part in fen. Returns what is left.

    Raises ``StepRefused`` where it does not stand yet, where less is outstanding, where the reference was noted
    already, or where the actor may be who drafted its clearing.
    """
    async with open_journal(engine) as journal:
        await journal.register.receivables.load(journal.connection, receivables.c.receivable_id == receivable_id)
        owed = journal.register.receivables.get((receivable_id,))
        if owed is None:
            raise no_receivable(receivable_id)
        if not owed.stands:
            raise StepRefused(
                f"{owed.clearing_id} 待复核，复核后应收款 {receivable_id} 才成立。"
                f"{owed.clearing_id} is a draft: {receivable_id} stands once it is approved"
            )
        clearing = await load_clearing(journal, owed.clearing_id, "approved", "paid")
        journal.operator(actor).must_differ(drafter(clearing), f"drafted {owed.clearing_id}", "note what is paid in")
        payer = {(owed.payee_kind, owed.payee)}
        await require_new_reference(journal.connection, RECEIVABLE_SETTLED, reference, owed.region, payer)
        paid_in = owed.outstanding if amount is None else amount
        if not 0 < paid_in <= owed.outstanding:
            raise StepRefused(
                f"应收款 {receivable_id} 未收 {yuan(owed.outstanding)} 元，不能登记收回 {yuan(paid_in)} 元。"
                f"{yuan(owed.outstanding)} is outstanding of {receivable_id}, not {yuan(paid_in)}"
            )
        journal.record(
            RECEIVABLE_SETTLED,
            {"receivable_id": receivable_id, "amount": paid_in, "actor": actor, "reference": reference},
        )
    return owed.outstanding - paid_in


def require_another_payer(operator: Operator, payment: ClearingPayment) -> None:
    """Refuse a payment that is due again by who noted why it is."""
    if payment.status == "returned" and payment.returned_by is not None:
        returned = Operator(payment.returned_by, payment.returned_login)
        operator.must_differ(returned, f"noted that what {payment.payee} was paid came back", "note the payment")
    if payment.reversed_by is not None:
        reversed_ = Operator(payment.reversed_by, payment.reversed_login)
        operator.must_differ(reversed_, f"took back what was noted as paid to {payment.payee}", "note the payment")


def payees_of(journal: ClearingJournal, ids: Iterable[str], kind: PayeeKind | None) -> set[tuple[str, str]]:
    """The payees (kind and id) of the clearing that ids name; the kind is "" where the clearing has none of an id."""
    kinds: dict[str, set[str]] = {payee: set() for payee in ids}
    for payment in journal.register.payments:
        if payment.payee in kinds and payment.amount and kind in (None, payment.payee_kind):
            kinds[payment.payee].add(payment.payee_kind)
    for payee, found in kinds.items():
        if len(found) > 1:
            names = " and ".join(f"a {each}" for each in get_args(PayeeKind) if each in found)
            raise StepRefused(
                f"本单中编号 {payee} 有多个收款方，请用 --kind 指明："
                f"hospital 医院、person 个人、emergency_fund 临时救急基金。"
                f"{payee} is {names} here: say which with --kind"
            )
    return {(next(iter(found), ""), payee) for payee, found in kinds.items()}


async def load_clearing(journal: ClearingJournal, clearing_id: str, *allowed: str) -> Clearing:
    """Load a clearing and what its steps may change. Raises ``StepRefused`` where its status is not allowed."""
    await journal.register.load_clearing(journal.connection, clearing_id)
    found = journal.register.clearings.get((clearing_id,))
    if found is None:
        raise no_clearing(clearing_id)
    if found.status not in allowed:
        states = "或".join(STATUS_NAMES[status] for status in allowed)
        raise StepRefused(
            f"{clearing_id} {STATUS_NAMES[found.status]}，这一步只能用于{states}的清算单。"
            f"{clearing_id} is {found.status}, not {' or '.join(allowed)}"
        )
    return found
