"""What was noted by mistake is taken back by an event of another person; what was noted stays in the journal."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import (
    ADVANCE_REPAID,
    CLEARING_PAID,
    HOSPITAL_PREPAID,
    PAYMENT_RETURNED,
    PREPAYMENT_RETURNED,
    RECEIVABLE_SETTLED,
)
from events.money import yuan
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.loans import load_loan
from processors.clearing.movements import (
    MOVEMENT_NAMES,
    REVERSALS,
    SAME_REFERENCE,
    Movement,
    load_movements,
    standing_movements,
)
from processors.clearing.prepayments import no_prepayment
from processors.clearing.refusal import no_receivable
from processors.clearing.steps import load_clearing, payees_of
from processors.offices.refusal import StepRefused
from projections.clearing_rows import PayeeKind
from projections.clearings import advance_receipts, receivables
from projections.prepayments import prepayments


async def reverse_payment(
    engine: AsyncEngine, clearing_id: str, actor: str, payee: str, reason: str, kind: PayeeKind | None = None
) -> Movement:
    """Take back the payment that was noted last for a payee: no money had moved, and it is due again.

    Raises ``StepRefused`` where none stands, or where the actor may be who noted it.
    """
    return await _reverse_of_clearing(engine, clearing_id, actor, payee, reason, kind, CLEARING_PAID)


async def reverse_return(
    engine: AsyncEngine, clearing_id: str, actor: str, payee: str, reason: str, kind: PayeeKind | None = None
) -> Movement:
    """Take back the return that was noted last for a payee: the transfer had arrived, and is paid.

    Raises ``StepRefused`` where none stands, or where the actor may be who noted it.
    """
    return await _reverse_of_clearing(engine, clearing_id, actor, payee, reason, kind, PAYMENT_RETURNED)


async def reverse_receipt(engine: AsyncEngine, receivable_id: str, actor: str, reference: str, reason: str) -> Movement:
    """Take back what was noted as paid in on a receivable under a reference: it is outstanding again.

    Raises ``StepRefused`` where none stands, or where the actor may be who noted it.
    """
    async with open_journal(engine) as journal:
        await journal.register.receivables.load(journal.connection, receivables.c.receivable_id == receivable_id)
        if journal.register.receivables.get((receivable_id,)) is None:
            raise no_receivable(receivable_id)
        named = {"receivable_id": receivable_id}
        mistaken = await _with_reference(journal.connection, RECEIVABLE_SETTLED, reference, named)
        return _record(journal, mistaken, actor, reason, named)


async def reverse_repayment(
    engine: AsyncEngine, region: str, advance_id: str, actor: str, reference: str, reason: str
) -> Movement:
    """Take back what was noted as paid back in cash of an advance under a reference: it is outstanding again.

    Raises ``StepRefused`` where none stands, or where the actor may be who noted it.
    """
    async with open_journal(engine) as journal:
        loan = await load_loan(journal.connection, region, advance_id)
        named = {"region": region, "advance_id": advance_id}
        mistaken = await _with_reference(journal.connection, ADVANCE_REPAID, reference, named)
        await journal.register.receipts.load(journal.connection, advance_receipts.c.number == mistaken.entry)
        return _record(journal, mistaken, actor, reason, {**named, "person_id": loan.advance.person_id})


async def reverse_prepayment(
    engine: AsyncEngine, prepayment_id: str, actor: str, reference: str, reason: str, *, returned: bool = False
) -> Movement:
    """Take back the transfer of a prepayment that was noted under a reference: it is to be approved again.

    With ``returned`` take back what was noted as paid back of it. Raises ``StepRefused`` where none stands, where
    something of the prepayment is set off or paid back already, or where the actor may be who noted it.
    """
    async with open_journal(engine) as journal:
        table = journal.register.prepayments
        await table.load(journal.connection, prepayments.c.prepayment_id == prepayment_id)
        row = table.get((prepayment_id,))
        if row is None:
            raise no_prepayment(prepayment_id)
        named = {"prepayment_id": prepayment_id}
        type_ = PREPAYMENT_RETURNED if returned else HOSPITAL_PREPAID
        mistaken = await _with_reference(journal.connection, type_, reference, named)
        if not returned and (row.set_off or row.returned):
            raise StepRefused(
                f"预拨 {prepayment_id} 已抵扣 {yuan(row.set_off)} 元、退回 {yuan(row.returned)} 元，不能撤销。"
                f"{yuan(row.set_off)} of {prepayment_id} is set off, {yuan(row.returned)} paid back: it stands"
            )
        return _record(journal, mistaken, actor, reason, named)


async def _reverse_of_clearing(
    engine: AsyncEngine,
    clearing_id: str,
    actor: str,
    payee: str,
    reason: str,
    kind: PayeeKind | None,
    type_: str,
) -> Movement:
    async with open_journal(engine) as journal:
        await load_clearing(journal, clearing_id, "approved", "paid")
        ((payee_kind, _),) = payees_of(journal, [payee], kind)
        payment = journal.register.payments.get((clearing_id, payee_kind, payee))
        standing = [
            each
            for each in await standing_movements(journal.connection, clearing_id)
            if (each.payee_kind, each.payee) == (payee_kind, payee)
        ]
        if payment is None or not standing or standing[-1].type != type_:
            name = MOVEMENT_NAMES[type_]
            raise StepRefused(
                f"{clearing_id} 中 {payee} 最后登记的不是{name}，不能撤销。"
                f"what was noted last for {payee} in {clearing_id} is no {type_}: see claims clearing show"
            )
        *left, mistaken = standing
        named = {
            "clearing_id": clearing_id,
            "payment": _last(left, CLEARING_PAID),
            "returned": _last(left, PAYMENT_RETURNED),
        }
        return _record(journal, mistaken, actor, reason, named)


def _last(standing: Sequence[Movement], type_: str) -> dict[str, Any] | None:
    """What the last movement of a type said and who noted it: it stands again as what was noted last."""
    found = [each for each in standing if each.type == type_]
    if not found:
        return None
    by, told = found[-1].operator, {"reference": found[-1].reference, "at": found[-1].at.isoformat()}
    reason = {"reason": found[-1].reason} if type_ == PAYMENT_RETURNED else {}
    return {**told, "actor": by.actor, "login": by.login, **reason}


async def _with_reference(connection: AsyncConnection, type_: str, reference: str, named: dict[str, str]) -> Movement:
    """The last movement under a reference that stands; older ledgers may have one reference twice."""
    found = [
        each
        for each in await load_movements(connection, [type_], SAME_REFERENCE, reference=reference)
        if each.reversed_by is None and each.is_about(named)
    ]
    if not found:
        what = " ".join(named.values())
        name = MOVEMENT_NAMES[type_]
        raise StepRefused(
            f"{what} 没有凭证号为 {reference} 的{name}登记。nothing stands of {what} under reference {reference}"
        )
    return found[-1]


def _record(journal: ClearingJournal, mistaken: Movement, actor: str, reason: str, named: dict[str, Any]) -> Movement:
    did = f"noted {mistaken.type} of {mistaken.of}, entry {mistaken.entry}"
    journal.operator(actor).must_differ(mistaken.operator, did, "take it back")
    journal.record(
        REVERSALS[mistaken.type],
        {
            **named,
            "entry": mistaken.entry,
            "payee_kind": mistaken.payee_kind,
            "payee": mistaken.payee,
            "amount": mistaken.amount,
            "reference": mistaken.reference,
            "noted_by": mistaken.operator.actor,
            "actor": actor,
            "reason": reason,
        },
    )
    return mistaken
