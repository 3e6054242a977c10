"""What follows a decision: fines and refunds are paid, letters are answered, the case is closed."""

from collections.abc import Collection, Iterable
from datetime import date

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import CASE_CLOSED, EVENT_REJECTED, MEASURE_ANSWERED, MEASURE_PAID, MEASURE_PAYMENT_REVERSED
from events.money import yuan
from events.store.journal import known_events
from processors.cases.deadlines import deadlines_in_force, late_fine
from processors.cases.journal import CaseJournal, open_journal, require_past
from processors.cases.refusal import MEASURE_NAMES, CaseRefused
from processors.cases.steps import case_of
from processors.offices.operators import Operator
from projections.case_register import CaseRegister
from projections.cases import Case
from projections.measures import PAYABLE, CaseFact, Measure
from projections.refusals import refusals

Done = Collection[tuple[str, str]]
ALREADY_REVERSED = "already_reversed"


async def pay(
    engine: AsyncEngine, measure_id: str, actor: str, *, amount: int, paid_on: date, reference: str, late: int = 0
) -> int:
    """Note what was paid in of a fine or refund, in fen, and ``late`` fen for paying late; returns what is left.

    Raises ``CaseRefused``.
    """
    async with open_journal(engine) as journal:
        measure, case = _decided(journal, measure_id)
        if measure.kind not in PAYABLE:
            raise CaseRefused(f"{MEASURE_NAMES[measure.kind]}没有应缴金额。nothing is paid of a {measure.kind}")
        require_past(journal, paid_on, "缴款日")
        if any(each.reference == reference for other in journal.register.measures for each in other.payments):
            raise CaseRefused(f"凭证号 {reference} 已登记。reference {reference} was noted already")
        left = await _left(journal.connection, journal.register, measure)
        if amount < 0 or late < 0 or amount + late == 0 or amount > left:
            raise CaseRefused(f"尚欠 {yuan(left)} 元，不能登记 {yuan(amount)} 元。{yuan(left)} is still due")
        terms = await deadlines_in_force(journal.connection, case.opened_on, case.region)
        due = late_fine(terms, journal.register.with_payments(measure), paid_on)
        if measure.paid_late + late > due:
            raise CaseRefused(
                f"加处罚款至 {paid_on} 为 {yuan(due)} 元，已缴 {yuan(measure.paid_late)} 元，不得超过。"
                f"paying late has cost {yuan(due)} by then, and never more than the fine"
            )
        said = {"amount": amount, "late": late, "paid_on": paid_on.isoformat(), "reference": reference}
        journal.record(MEASURE_PAID, {"measure_id": measure_id, **said, "actor": actor})
    return left - amount


async def reverse_payment(engine: AsyncEngine, measure_id: str, actor: str, reference: str, reason: str) -> int:
    """Take back a payment that was noted by mistake; another person than noted it. Returns its fen.

    Raises ``CaseRefused``.
    """
    async with open_journal(engine) as journal:
        measure, _ = _decided(journal, measure_id)
        found = next((each for each in measure.payments if each.reference == reference), None)
        if found is None:
            raise CaseRefused(f"{measure_id} 没有凭证号 {reference}。no payment of it has that reference")
        journal.operator(actor).must_differ(Operator(found.actor, found.login), f"noted {reference}", "take it back")
        said = {"measure_id": measure_id, "reference": reference, "reason": reason}
        journal.record(MEASURE_PAYMENT_REVERSED, said | {"actor": actor})
    return found.amount + found.late


async def answer(engine: AsyncEngine, measure_id: str, actor: str, answered_on: date, reason: str) -> None:
    """Note what a warning letter was answered. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        measure, _ = _decided(journal, measure_id)
        require_past(journal, answered_on, "回执日")
        if measure.kind != "warning_letter" or measure.answered_on is not None:
            raise CaseRefused(f"{measure_id} 不待回执。no answer to {measure_id} is due")
        said = {"measure_id": measure_id, "answered_on": answered_on.isoformat(), "reason": reason}
        journal.record(MEASURE_ANSWERED, said | {"actor": actor})


async def close(engine: AsyncEngine, case_id: str, actor: str, reason: str, closed_on: date | None = None) -> None:
    """Close a case: what it found is given back, its fines are paid, or it was transferred.

    Raises ``CaseRefused``.
    """
    async with open_journal(engine) as journal:
        case = case_of(journal, case_id)
        register = journal.register
        day = closed_on or journal.today
        require_past(journal, day, "结案日期")
        if case.status != "decided" or case.decided_on is None or day < case.decided_on:
            raise CaseRefused(f"案件 {case_id} 须先决定。case {case_id} is decided before it is closed")
        measures = register.of_case(register.measures, case_id)
        waits = [each.finding_id for each in register.of_case(register.findings, case_id) if each.status == "noted"]
        waits += [each.measure_id for each in measures if each.status == "proposed"]
        if waits:
            raise CaseRefused(f"{waits[0]} 尚未决定。{waits[0]} waits for a decision")
        _require_no_hold(measures, day)
        if case.outcome != "transferred":
            await _require_paid(journal, measures)
        said = {"case_id": case_id, "closed_on": day.isoformat(), "actor": actor, "reason": reason}
        journal.record(CASE_CLOSED, said)


def _require_no_hold(measures: Iterable[Measure], day: date) -> None:
    """A closed case holds no payment any more, and lifts none."""
    for each in measures:
        ends = min(filter(None, (each.until, each.lifted_on)), default=None)
        if each.kind == "payment_hold" and each.status in ("decided", "lifted") and (ends is None or ends > day):
            raise CaseRefused(
                f"{each.measure_id} 仍在暂停拨付，先解除再结案。"
                f"{each.measure_id} still holds payments: it is lifted before the case is closed"
            )


async def _require_paid(journal: CaseJournal, measures: list[Measure]) -> None:
    for measure in measures:
        if measure.status != "decided" or measure.kind not in PAYABLE:
            continue
        left = await _left(journal.connection, journal.register, measure)
        if left:
            raise CaseRefused(
                f"{measure.measure_id} {MEASURE_NAMES[measure.kind]}尚欠 {yuan(left)} 元，不得结案。"
                f"{yuan(left)} of {measure.measure_id} is still due: a case is closed when all is paid"
            )


async def _left(connection: AsyncConnection, register: CaseRegister, measure: Measure) -> int:
    """What is still due of a fine or refund, in fen."""
    of_measure = [fact for fact in register.facts if fact.measure_id == measure.measure_id]
    return left_of(register, measure, await done_facts(connection, of_measure))


async def done_facts(connection: AsyncConnection, of: Iterable[CaseFact]) -> Done:
    """Source and id of the facts that leave nothing due: taken by intake, or of a claim that was reversed already."""
    known = await known_events(connection, [(fact.source, fact.event_id) for fact in of])
    refused = {entry.number: key for key, entry in known.items() if entry.type == EVENT_REJECTED}
    moot = select(refusals.c.number).where(refusals.c.number.in_(refused), refusals.c.reason == ALREADY_REVERSED)
    moot_keys = {refused[number] for number in (await connection.execute(moot)).scalars()}
    return {key for key in known if key not in refused.values()} | moot_keys


def left_of(register: CaseRegister, measure: Measure, done: Done) -> int:
    """What is still due of a fine or refund, in fen; ``done`` are the facts that leave nothing due.

    A refund of claims is given back once intake has taken its facts: the clearing that follows sets it off. Nothing is
    due of a claim that its hospital reversed itself. What else intake refused is still due, and is paid in. Of what
    another took the place of nothing is due; what was paid of it counts for the other.
    """
    if measure.status == "lifted":
        return 0
    due = measure.amount or 0
    if measure.kind == "refund":
        found = register.findings.get(measure.finding_id or "")
        whole = {each.claim_id: each.amount for each in found.claims} if found is not None else {}
        for fact in register.facts:
            if fact.measure_id == measure.measure_id and (fact.source, fact.event_id) in done:
                due -= whole[orjson.loads(fact.body)["data"]["claim_id"]]
    return max(0, due - register.with_payments(measure).paid)


def _decided(journal: CaseJournal, measure_id: str) -> tuple[Measure, Case]:
    found = journal.register.measures.get(measure_id)
    if found is None or found.status not in ("decided", "lifted"):
        raise CaseRefused(f"没有已决定的措施 {measure_id}。there is no measure {measure_id} that was decided")
    return found, case_of(journal, found.case_id)
