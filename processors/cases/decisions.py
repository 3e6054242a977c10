"""A case's decision: measures are proposed by one person, and decided or returned by another."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct, structs, to_builtins
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import (
    CASE_DECIDED,
    CASE_PROPOSED,
    CASE_RETURNED,
    MEASURE_PROPOSED,
    MEASURE_WITHDRAWN,
)
from events.money import yuan
from policies.supervision.deadlines import CaseDeadlines
from processors.cases.deadlines import deadlines_in_force, measure_due_on
from processors.cases.decision_facts import ENDS_AGREEMENT, DecisionReference, facts_of
from processors.cases.finding_claims import claims_found
from processors.cases.journal import CaseJournal, open_journal, require_past
from processors.cases.procedure import require_procedure
from processors.cases.refusal import MEASURE_NAMES, CaseRefused
from processors.cases.steps import case_of, proposed_case
from processors.offices.operators import Operator
from processors.supervision.journal import open_lead_journal
from processors.supervision.steps import confirm, release
from projections.cases import Case, CaseFinding
from projections.measures import PAYABLE, Measure

ON_HOUSES = (*ENDS_AGREEMENT, "payment_hold")
"""Measures on hospitals and pharmacies alone."""


class MeasureOrder(Struct, frozen=True):
    """A measure that is meant; ``amount`` in fen. ``until`` is the first day on which it holds no longer."""

    case_id: str
    kind: str
    basis: str
    document_no: str
    reason: str
    amount: int | None = None
    from_on: date | None = None
    until: date | None = None
    finding_id: str | None = None
    of_measure: str | None = None


async def propose_measure(engine: AsyncEngine, order: MeasureOrder, actor: str) -> str:
    """Add a measure to what a case will propose; returns its id. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        case = case_of(journal, order.case_id)
        if case.status == "proposed":
            raise CaseRefused(f"案件 {case.case_id} 待另一人决定或退回。the case waits for another person's decision")
        terms = await deadlines_in_force(journal.connection, case.opened_on, case.region)
        stated = _completed(journal, case, order)
        _require_form(journal, case, stated, terms)
        measure_id = f"{case.case_id}-M{journal.next_number}"
        journal.record(MEASURE_PROPOSED, to_builtins(stated) | {"measure_id": measure_id, "actor": actor})
    return measure_id


async def withdraw_measure(engine: AsyncEngine, measure_id: str, actor: str, reason: str) -> None:
    """Take a measure back that is not decided. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        found = journal.register.measures.get(measure_id)
        if found is None or found.status != "proposed":
            raise CaseRefused(
                f"没有待决定的措施 {measure_id}。there is no measure {measure_id} that waits for a decision"
            )
        if case_of(journal, found.case_id).status == "proposed":
            raise CaseRefused("案件待决定，须先退回。the case waits for a decision: it is returned first")
        journal.record(MEASURE_WITHDRAWN, {"measure_id": measure_id, "actor": actor, "reason": reason})


async def propose(
    engine: AsyncEngine, case_id: str, actor: str, document_no: str, reason: str, proposed_on: date | None = None
) -> None:
    """Put a case's findings and measures to another person for decision. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        case = case_of(journal, case_id)
        day = proposed_on or journal.today
        require_past(journal, day, "提请日期")
        if day < case.opened_on:
            raise CaseRefused(f"提请日期 {day} 早于立案日 {case.opened_on}。it is proposed before it was opened")
        if case.status == "proposed":
            raise CaseRefused(f"案件 {case_id} 已提请决定。case {case_id} waits for a decision already")
        findings, measures = _pending(journal, case_id)
        if case.decided_on is not None and not (findings or measures):
            raise CaseRefused("没有新的认定或措施可供决定。there is nothing new to decide")
        await require_procedure(journal, case, findings, measures)
        await _require_refunds(journal, case, measures)
        said = {"case_id": case_id, "proposed_on": day.isoformat(), "document_no": document_no, "reason": reason}
        journal.record(CASE_PROPOSED, {**said, "actor": actor})


async def return_case(engine: AsyncEngine, case_id: str, actor: str, reason: str, seen: str | None = None) -> None:
    """Return what was proposed, to be worked on again. Raises ``CaseRefused``, also for who proposed it.

    ``seen`` is the moment (ISO) of the proposal that the actor looks at, where one was shown: no other is returned.
    """
    async with open_journal(engine) as journal:
        _require_other(journal, proposed_case(journal, case_id, seen), actor, "return it")
        journal.record(CASE_RETURNED, {"case_id": case_id, "actor": actor, "reason": reason})


async def decide(
    engine: AsyncEngine,
    case_id: str,
    actor: str,
    document_no: str,
    reason: str,
    decided_on: date | None = None,
    seen: str | None = None,
) -> list[str]:
    """Decide what another person has proposed; returns the ids of the facts that go to intake.

    Findings stand from now on, leads are confirmed or dismissed by them, measures are decided. ``seen`` is the moment
    (ISO) of the proposal that the actor looks at, where one was shown. Raises ``CaseRefused``, also where the case
    was returned meanwhile and proposed anew.
    """
    async with open_journal(engine) as journal:
        case = proposed_case(journal, case_id, seen)
        _require_other(journal, case, actor, "decide it")
        day = decided_on or journal.today
        require_past(journal, day, "决定日期")
        if day < case.opened_on:
            raise CaseRefused(f"决定日期 {day} 早于立案日 {case.opened_on}。it is decided before it was opened")
        if case.proposed_on is not None and day < case.proposed_on:
            raise CaseRefused(
                f"决定日期 {day} 早于提请日 {case.proposed_on}：提请登记时写明日期，或退回后重新提请。"
                f"it is decided before it was proposed: say the proposal's day with propose --on"
            )
        findings, measures = _pending(journal, case_id)
        _require_third(journal, findings, measures, actor)
        await require_procedure(journal, case, findings, measures)
        await _require_refunds(journal, case, measures)
        terms = await deadlines_in_force(journal.connection, case.opened_on, case.region)
        made = DecisionReference(document_no, day, journal.journal.recorded_at.isoformat(), journal.era)
        facts = await facts_of(journal, case, measures, made)
        confirmed, dismissed = _leads(journal, case_id, findings)
        said = {
            "case_id": case_id,
            "decided_on": day.isoformat(),
            "document_no": document_no,
            "reason": reason,
            "outcome": _outcome(journal, case_id, measures),
            "findings": [finding.finding_id for finding in findings],
            "measures": {each.measure_id: _iso(measure_due_on(terms, each.kind, day)) for each in measures},
            "leads_confirmed": confirmed,
            "leads_dismissed": dismissed,
            "facts": facts,
            "actor": actor,
        }
        journal.record(CASE_DECIDED, said)
        if confirmed or dismissed:
            leads = await open_lead_journal(journal.connection)
            await confirm(leads, confirmed, case_id, actor)
            await release(leads, dismissed, case_id, actor, f"{document_no}：本案未认定 not found in the case")
            await leads.end()
    return [fact["event_id"] for fact in facts]


def _leads(journal: CaseJournal, case_id: str, findings: Sequence[CaseFinding]) -> tuple[list[str], list[str]]:
    """The leads of a case that a decision confirms, as its findings name them, and those that it dismisses."""
    register = journal.register
    named = {lead_id for finding in findings for lead_id in finding.leads}
    waiting = [each.lead_id for each in register.of_case(register.leads, case_id) if each.state == "in_case"]
    confirmed = [lead_id for lead_id in waiting if lead_id in named]
    return confirmed, [lead_id for lead_id in waiting if lead_id not in named]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _outcome(journal: CaseJournal, case_id: str, deciding: Sequence[Measure]) -> str:
    all_measures = journal.register.of_case(journal.register.measures, case_id)
    standing = [*deciding, *(each for each in all_measures if each.status in ("decided", "lifted"))]
    if any(each.kind == "transfer" for each in standing):
        return "transferred"
    confirmed = journal.register.of_case(journal.register.findings, case_id)
    return "measures" if standing or any(each.status != "dismissed" for each in confirmed) else "no_violation"


def _pending(journal: CaseJournal, case_id: str) -> tuple[list[CaseFinding], list[Measure]]:
    register = journal.register
    findings = [each for each in register.of_case(register.findings, case_id) if each.status == "noted"]
    measures = [each for each in register.of_case(register.measures, case_id) if each.status == "proposed"]
    return findings, measures


def _require_other(journal: CaseJournal, case: Case, actor: str, must: str) -> None:
    first = Operator(case.proposed_by or "", case.proposed_login)
    journal.operator(actor).must_differ(first, f"proposed {case.case_id}", must)


def _require_third(
    journal: CaseJournal, findings: Sequence[CaseFinding], measures: Sequence[Measure], actor: str
) -> None:
    """Refuse a decision by who noted a finding or added a measure, also where another put the case forward."""
    who = journal.operator(actor)
    for found in findings:
        who.must_differ(Operator(found.noted_by, found.noted_login), f"noted {found.finding_id}", "decide it")
    for meant in measures:
        who.must_differ(Operator(meant.proposed_by, meant.proposed_login), f"added {meant.measure_id}", "decide it")


async def _require_refunds(journal: CaseJournal, case: Case, measures: Sequence[Measure]) -> None:
    """What is refunded is what bills still hold: claims may have been reversed or corrected since."""
    for each in measures:
        finding = journal.register.findings.get(each.finding_id or "")
        if each.kind != "refund" or finding is None:
            continue
        if finding.status == "dismissed":
            raise CaseRefused(f"认定 {finding.finding_id} 已撤销。finding {finding.finding_id} was dismissed")
        now, _ = await claims_found(journal, case, finding.claims, finding.finding_id)
        if now != finding.claims:
            raise CaseRefused(
                f"认定 {finding.finding_id} 的结算单金额已变，须重新认定。"
                f"the bills of {finding.finding_id} have changed: it is dismissed and noted anew"
            )


def _completed(journal: CaseJournal, case: Case, order: MeasureOrder) -> MeasureOrder:
    """An order with what its finding says."""
    if order.kind != "refund":
        return order
    replaced = journal.register.measures.get(order.of_measure or "")
    if replaced is not None and order.finding_id is None:
        order = structs.replace(order, finding_id=replaced.finding_id)
    finding = journal.register.findings.get(order.finding_id or "")
    if finding is None or finding.case_id != case.case_id or finding.status == "dismissed":
        raise CaseRefused("退回基金须写明本案的认定编号。a refund names a finding of the case")
    if replaced is not None and (replaced.finding_id != finding.finding_id or finding.claims):
        raise CaseRefused(
            "只有账本外的退回可以替换，且须同一认定：结算单上的退回已入账，账本不撤销已入账的事实。"
            "a refund outside the ledger alone is replaced, by one of its finding: of claims the ledger keeps its facts"
        )
    others = journal.register.of_case(journal.register.measures, case.case_id)
    if any(
        each.finding_id == order.finding_id and each.status in ("proposed", "decided") and each != replaced
        for each in others
    ):
        raise CaseRefused(f"认定 {order.finding_id} 已有退回措施。finding {order.finding_id} is refunded already")
    if order.amount is not None and finding.claims:
        raise CaseRefused("认定写明了结算单，退回金额由账本计算。of claims the ledger works out what is given back")
    if order.amount is not None and order.amount > finding.amount:
        raise CaseRefused(
            f"退回金额高于认定的 {yuan(finding.amount)} 元。no more is refunded than the {yuan(finding.amount)} found"
        )
    return structs.replace(order, amount=finding.amount if order.amount is None else order.amount)


def _require_form(journal: CaseJournal, case: Case, order: MeasureOrder, terms: CaseDeadlines) -> None:
    name = MEASURE_NAMES[order.kind]
    if order.kind in ON_HOUSES and (case.subject_kind not in ("hospital", "pharmacy")):
        raise CaseRefused(f"{name}只用于医院、药店。{order.kind} is for hospitals and pharmacies")
    if order.kind in PAYABLE and not order.amount:
        raise CaseRefused(f"{name}须写明大于 0 的金额。a {order.kind} has an amount above 0")
    if order.kind not in (*PAYABLE, "payment_hold") and order.amount is not None:
        raise CaseRefused(f"{name}没有金额。a {order.kind} has no amount")
    if order.kind in ON_HOUSES and order.from_on is None:
        raise CaseRefused(f"{name}须写明起日。a {order.kind} has its first day")
    if order.kind == "suspension" and order.until is None:
        raise CaseRefused("中止须写明止日。a suspension has its end")
    if order.from_on is not None and order.until is not None:
        days = (order.until - order.from_on).days
        if days <= 0 or (order.kind == "suspension" and days > terms.suspension_days.value):
            raise CaseRefused(
                f"{name}自 {order.from_on} 至 {order.until}：须至少一日，中止不超过 {terms.suspension_days.value} 日。"
                f"it lasts a day at least, a suspension at most {terms.suspension_days.value}"
            )
    elif order.until is not None:
        raise CaseRefused(f"{name}写了止日，须写起日。an end needs a first day")
    if order.kind in ("agreement_ended", "contract_ended") and order.until is not None:
        raise CaseRefused(f"{name}没有止日。a {order.kind} has no end")
    if (order.kind == "lifting") != (order.of_measure is not None) and order.kind not in PAYABLE:
        raise CaseRefused(
            "解除措施须写明所解除的措施编号，除替换罚款、账本外的退回外其他不写。"
            "a lifting names the measure that it lifts, a fine or refund may name one that it replaces, no other does"
        )
    _require_lifting(journal, case, order)
    _require_one_suspension(journal, case, order)


def _require_lifting(journal: CaseJournal, case: Case, order: MeasureOrder) -> None:
    if order.of_measure is None:
        return
    found = journal.register.measures.get(order.of_measure)
    if found is None or found.case_id != case.case_id or found.status != "decided":
        raise CaseRefused(
            f"本案没有已决定的措施 {order.of_measure}。the case has decided no measure {order.of_measure}"
        )
    if order.kind in PAYABLE:
        _require_replaceable(journal, found, order.kind)
        return
    if found.kind in ("refund", "fine", "transfer", "lifting"):
        raise CaseRefused(
            f"{MEASURE_NAMES[found.kind]}不能解除：账本不撤销已入账的事实；罚款、账本外的退回可另作决定替换（--of）。"
            f"a {found.kind} is not lifted: the ledger keeps its fact. A fine, or a refund outside it, may be replaced"
        )
    if found.kind in ENDS_AGREEMENT and order.from_on is None:
        raise CaseRefused("解除须写明恢复日。say from which day the hospital is reinstated")
    if order.from_on is not None and found.from_on is not None and order.from_on < found.from_on:
        raise CaseRefused(f"早于措施起日 {found.from_on}。it is lifted before it begins")


def _require_replaceable(journal: CaseJournal, before: Measure, kind: str) -> None:
    """A fine or refund, which no other measure that waits for a decision replaces already."""
    if before.kind != kind:
        raise CaseRefused(
            f"{before.measure_id} 不是{MEASURE_NAMES[kind]}。{before.measure_id} is no {kind}: it replaces no other"
        )
    for each in journal.register.measures:
        if each.of_measure == before.measure_id and each.status == "proposed":
            raise CaseRefused(
                f"{each.measure_id} 已拟替换它。{each.measure_id} is meant to replace it already: drop that first"
            )


def _require_one_suspension(journal: CaseJournal, case: Case, order: MeasureOrder) -> None:
    """One measure on the agreement at a time: the days that it sends depend on those of the others."""
    register = journal.register
    if not _on_agreement(register.measures.get(order.of_measure or ""), order.kind):
        return
    for each in register.measures:
        other = register.cases.get(each.case_id)
        if each.status != "proposed" or other is None or other.hospital_id != case.hospital_id:
            continue
        if _on_agreement(register.measures.get(each.of_measure or ""), each.kind):
            raise CaseRefused(
                f"{each.measure_id} 待决定，同一机构一次只决定一项协议措施。"
                f"{each.measure_id} waits for its decision first"
            )


def _on_agreement(lifted: Measure | None, kind: str) -> bool:
    return kind in ENDS_AGREEMENT or (lifted is not None and lifted.kind in ENDS_AGREEMENT)
