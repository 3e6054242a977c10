"""The first steps of a case: it is opened, what happens is noted, and what is found is recorded."""

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct, structs, to_builtins
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import CASE_NOTED, CASE_OPENED, FINDING_DISMISSED, FINDING_RECORDED
from events.money import yuan
from processors.cases.deadlines import case_due_on, deadlines_in_force, note_due_on
from processors.cases.finding_claims import claims_found
from processors.cases.journal import CaseJournal, open_journal, require_past
from processors.cases.refusal import CASE_STATE_NAMES, CaseRefused
from processors.supervision.journal import open_lead_journal
from processors.supervision.steps import assign
from projections.cases import INSTITUTIONS, Case, FindingClaim
from projections.enrolments import enrolments
from projections.hospitals import load_hospitals


class CaseOrder(Struct, frozen=True):
    """What a case is opened for; ``hospital_id`` is where a doctor works."""

    region: str
    origin: str
    subject_kind: str
    subject_id: str
    officers: tuple[str, ...]
    document_no: str
    reason: str
    opened_on: date | None = None
    hospital_id: str | None = None
    leads: tuple[str, ...] = ()
    inspection_id: str | None = None


class NoteOrder(Struct, frozen=True):
    """What is noted of a case; ``amount`` in fen, ``until`` the last day of an expert's review."""

    case_id: str
    kind: str
    reason: str
    noted_on: date | None = None
    until: date | None = None
    amount: int | None = None
    document_no: str | None = None


class FindingOrder(Struct, frozen=True):
    """What was found; ``amount`` in fen where no claim of the ledger is named, else it is the claims' sum."""

    case_id: str
    what: str
    clause: str
    began_on: date
    ended_on: date
    amount: int | None = None
    claims: tuple[FindingClaim, ...] = ()
    leads: tuple[str, ...] = ()
    harm: bool = False
    document_no: str | None = None


async def open_case(engine: AsyncEngine, order: CaseOrder, actor: str) -> str:
    """Open a case, which takes the leads that it names; returns its id.

    Raises ``CaseRefused``, ``SupervisionRefused`` where a lead is not there or was taken.
    """
    async with open_journal(engine) as journal:
        opened_on = order.opened_on or journal.today
        require_past(journal, opened_on, "立案日期")
        terms = await deadlines_in_force(journal.connection, opened_on, order.region)
        if len(set(order.officers)) < terms.officers.value:
            raise CaseRefused(
                f"执法人员不得少于 {terms.officers.value} 人。at least {terms.officers.value} officers take part"
            )
        if (order.origin == "lead") != bool(order.leads):
            raise CaseRefused("由疑点立案须写明疑点编号，其他来源不写。a case from leads names them, no other does")
        await require_subject(journal.connection, order.subject_kind, order.subject_id, order.hospital_id)
        _require_free_leads(journal, order.leads)
        _require_inspection(journal, order)
        case_id = f"{order.region}-C{journal.next_number}"
        is_house = order.subject_kind in INSTITUTIONS
        said = to_builtins(order) | {
            "case_id": case_id,
            "opened_on": opened_on.isoformat(),
            "due_on": case_due_on(terms, opened_on).isoformat(),
            "hospital_id": order.subject_id if is_house else order.hospital_id,
        }
        journal.record(CASE_OPENED, said | {"actor": actor})
        if order.leads:
            leads = await open_lead_journal(journal.connection)
            await assign(leads, order.leads, case_id, actor)
            await leads.end()
    return case_id


async def note(engine: AsyncEngine, order: NoteOrder, actor: str) -> str:
    """Note what happens in a case; returns the note's id. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        case = case_of(journal, order.case_id)
        day = order.noted_on or journal.today
        require_past(journal, day, "日期")
        if day < case.opened_on:
            raise CaseRefused(f"{day} 早于立案日 {case.opened_on}。{day} is before the case was opened")
        terms = await deadlines_in_force(journal.connection, case.opened_on, case.region)
        due_on = note_due_on(terms, order.kind, day)
        said = to_builtins(order) | {
            "note_id": f"{order.case_id}-N{journal.next_number}",
            "noted_on": day.isoformat(),
            "due_on": None if due_on is None else due_on.isoformat(),
        }
        match order.kind:
            case "extension":
                said["case_due_on"] = _extended(case, order, terms.extensions.value, terms.extension_days.value)
            case "expert_review":
                said["case_due_on"] = _without_review(case, order, day)
            case "notice":
                _require_notice(journal, order)
            case "legal_review":
                _require_reviewer(case, actor)
        journal.record(CASE_NOTED, said | {"actor": actor})
    return str(said["note_id"])


async def record_finding(engine: AsyncEngine, order: FindingOrder, actor: str) -> str:
    """Record what was found in a case; returns the finding's id. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        case = case_of(journal, order.case_id)
        _require_open(case)
        require_past(journal, order.ended_on, "违规止日")
        if order.ended_on < order.began_on:
            raise CaseRefused("违规止日早于起日。what was found ends before it began")
        unknown = sorted(set(order.leads) - set(case.leads))
        if unknown:
            raise CaseRefused(f"本案没有疑点 {unknown[0]}。the case carries no lead {unknown[0]}")
        if bool(order.claims) == (order.amount is not None):
            raise CaseRefused("写明结算单，或写明金额，二者取一。name claims, or an amount: one of both")
        found, layers = await claims_found(journal, case, order.claims)
        finding_id = f"{order.case_id}-F{journal.next_number}"
        amount = order.amount if order.amount is not None else sum(each.amount for each in found)
        said = to_builtins(structs.replace(order, claims=tuple(found), amount=amount))
        journal.record(FINDING_RECORDED, said | {"finding_id": finding_id, "layers": layers, "actor": actor})
    return finding_id


async def dismiss_finding(engine: AsyncEngine, finding_id: str, actor: str, reason: str) -> None:
    """Dismiss a finding that no decision has confirmed. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        found = journal.register.findings.get(finding_id)
        if found is None or found.status != "noted":
            raise CaseRefused(
                f"没有待决定的认定 {finding_id}。there is no finding {finding_id} that waits for a decision"
            )
        _require_open(case_of(journal, found.case_id))
        for each in journal.register.of_case(journal.register.measures, found.case_id):
            if each.finding_id == finding_id and each.status == "proposed":
                raise CaseRefused(
                    f"退回措施 {each.measure_id} 依此认定，须先撤回。"
                    f"{each.measure_id} refunds the finding: it is taken back first (claims cases drop)"
                )
        journal.record(FINDING_DISMISSED, {"finding_id": finding_id, "actor": actor, "reason": reason})


def case_of(journal: CaseJournal, case_id: str) -> Case:
    """A case that is not closed. Raises ``CaseRefused``."""
    found = journal.register.cases.get(case_id)
    if found is None:
        raise CaseRefused(f"没有案件 {case_id}，全部见 claims cases list。there is no case {case_id}")
    if found.status == "closed":
        raise CaseRefused(f"案件 {case_id} 已于 {found.closed_on} 结案。case {case_id} is closed")
    return found


def proposed_case(journal: CaseJournal, case_id: str, seen: str | None) -> Case:
    """A case that waits for its decision, as it was proposed at ``seen`` (ISO), where that is known.

    Raises ``CaseRefused``.
    """
    case = case_of(journal, case_id)
    if case.status != "proposed" or case.proposed_at is None:
        raise CaseRefused(f"案件 {case_id} 尚未提请决定。nobody has proposed a decision of case {case_id}")
    if seen is not None and seen != case.proposed_at.isoformat():
        raise CaseRefused(
            f"案件 {case_id} 在您打开页面之后退回并重新提请，请看过现在的认定和措施再办。"
            f"case {case_id} was returned and proposed anew after you have looked at it: look at it again"
        )
    return case


def _require_open(case: Case) -> None:
    if case.status not in ("open", "decided"):
        raise CaseRefused(
            f"案件 {case.case_id} {CASE_STATE_NAMES[case.status]}，须先由另一人决定或退回。"
            f"case {case.case_id} waits for a decision: another person decides or returns it first"
        )


async def require_subject(
    connection: AsyncConnection, subject_kind: str, subject_id: str, hospital_id: str | None
) -> None:
    """Refuse whom the ledger does not know; ``hospital_id`` is where a doctor works. Raises ``CaseRefused``."""
    if subject_kind == "doctor" and hospital_id is None:
        raise CaseRefused("医师须写明所在医疗机构。of a doctor say at which hospital")
    if subject_kind in ("hospital", "pharmacy", "doctor"):
        known = hospital_id if subject_kind == "doctor" else subject_id
        if not await load_hospitals(connection, [str(known)]):
            raise CaseRefused(f"没有登记的医疗机构 {known}。no hospital {known} is registered")
        return
    enrolled = select(exists().where(enrolments.c.person_id == subject_id))
    if not (await connection.execute(enrolled)).scalar_one():
        raise CaseRefused(f"没有参保人 {subject_id}。nobody {subject_id} is enrolled")


def _require_free_leads(journal: CaseJournal, leads: Sequence[str]) -> None:
    taken = {each.lead_id: each for each in journal.register.leads if each.state in ("in_case", "confirmed")}
    for lead_id in leads:
        if lead_id in taken:
            raise CaseRefused(
                f"疑点 {lead_id} 已在案件 {taken[lead_id].case_id}。lead {lead_id} is in case {taken[lead_id].case_id}"
            )


def _require_inspection(journal: CaseJournal, order: CaseOrder) -> None:
    if (order.origin == "inspection") != (order.inspection_id is not None):
        raise CaseRefused("由检查立案须写明检查编号，其他来源不写。a case from an inspection names it, no other does")
    if order.inspection_id is None:
        return
    found = journal.register.inspections.get(order.inspection_id)
    if found is None or found.withdrawn_by is not None:
        raise CaseRefused(f"没有检查记录 {order.inspection_id}。there is no inspection {order.inspection_id}")


def _extended(case: Case, order: NoteOrder, most: int, days: int) -> str:
    if case.extensions >= most:
        raise CaseRefused(f"已延期 {case.extensions} 次，不得再延。the case was extended {most} times already")
    if order.document_no is None:
        raise CaseRefused("延期须写明批准文号，第二次须经集体讨论。an extension names the document that allows it")
    return (case.due_on + timedelta(days=days)).isoformat()


def _without_review(case: Case, order: NoteOrder, day: date) -> str:
    """The day by which a case is due once the days of an expert's review do not count."""
    if order.until is None or order.until < day:
        raise CaseRefused("专家评审须写明起止日。an expert's review has its first and last day")
    return (case.due_on + (order.until - day) + timedelta(days=1)).isoformat()


def _require_notice(journal: CaseJournal, order: NoteOrder) -> None:
    """A notice announces a fine. After a defence none announces more (行政处罚法 四十五)."""
    if order.amount is None:
        raise CaseRefused("事先告知须写明拟罚款金额，无罚款写 0。a notice says the fine that is meant, or 0")
    of_case = journal.register.of_case(journal.register.notes, order.case_id)
    last = max((each.number for each in of_case if each.kind == "defence"), default=0)
    before = [each.amount or 0 for each in of_case if each.kind == "notice" and each.number < last]
    if before and order.amount > min(before):
        raise CaseRefused(
            f"陈述申辩后不得加重：此前告知 {yuan(min(before))} 元。"
            "after a defence a notice announces no more than before"
        )


def _require_reviewer(case: Case, actor: str) -> None:
    """A legal review is by somebody who has no other part in the case."""
    if actor.casefold() in {officer.casefold() for officer in case.officers}:
        raise CaseRefused(f"{actor} 是本案执法人员，法制审核须由他人办理。an officer of the case does not review it")
