"""The blacklist (上高 三4): entries and removals, each entered by one person and approved by another.

An entry rests on a case whose findings were confirmed. It cuts no benefit: what it does is stated with the document
that says so, and holds from a day that is not before its approval.
"""

from datetime import date

from msgspec import Struct, to_builtins
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import BLACKLIST_APPROVED, BLACKLIST_ENTERED, BLACKLIST_REMOVED, BLACKLIST_WITHDRAWN
from processors.cases.journal import CaseJournal, open_journal
from processors.cases.refusal import ENTRY_STATE_NAMES, CaseRefused
from processors.cases.steps import require_subject
from processors.offices.operators import Operator
from projections.blacklist import BlacklistEntry
from projections.cases import Case


class BlacklistOrder(Struct, frozen=True):
    """Who is to be listed, for which case, from a day up to another (exclusive), with which effects by which text."""

    case_id: str
    effects: tuple[str, ...]
    basis: str
    document_no: str
    reason: str
    from_on: date
    until: date
    subject_kind: str | None = None
    subject_id: str | None = None


async def enter_blacklist(engine: AsyncEngine, order: BlacklistOrder, actor: str) -> str:
    """Enter somebody; the entry holds once another person approves it. Returns its id. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        register = journal.register
        case = register.cases.get(order.case_id)
        if case is None:
            raise CaseRefused(f"没有案件 {order.case_id}。there is no case {order.case_id}")
        findings = register.of_case(register.findings, order.case_id)
        if not any(each.status == "confirmed" for each in findings):
            raise CaseRefused(
                f"案件 {order.case_id} 没有已认定的违规。no finding of case {order.case_id} was confirmed"
            )
        if order.until <= order.from_on:
            raise CaseRefused("止日须晚于起日。it ends after it begins")
        if order.from_on < journal.today:
            raise CaseRefused(f"不溯及既往：起日不得早于今天 {journal.today}。it does not reach back behind today")
        subject_kind, subject_id = await _subject(journal, case, order)
        if not order.effects:
            raise CaseRefused("须写明后果及其依据。say what it does, by which text")
        for each in register.blacklist:
            same = (each.subject_kind, each.subject_id) == (subject_kind, subject_id)
            if same and each.status in ("entered", "listed", "removal_entered") and order.from_on < each.until:
                raise CaseRefused(
                    f"{subject_id} 已在册 {each.entry_id}，至 {each.until}。{subject_id} is on the list until then"
                )
        entry_id = f"{case.region}-B{journal.next_number}"
        said = to_builtins(order) | {"entry_id": entry_id, "region": case.region}
        said |= {"subject_kind": subject_kind, "subject_id": subject_id}
        journal.record(BLACKLIST_ENTERED, said | {"actor": actor})
    return entry_id


async def _subject(journal: CaseJournal, case: Case, order: BlacklistOrder) -> tuple[str, str]:
    """Whom an order means: the case's subject, or somebody whom the ledger knows. Raises ``CaseRefused``."""
    if order.subject_kind is None and order.subject_id is None:
        return case.subject_kind, case.subject_id
    if order.subject_kind is None or order.subject_id is None:
        raise CaseRefused("对象种类和编号须一并写明。say both what kind the subject is and its number")
    await require_subject(journal.connection, order.subject_kind, order.subject_id, case.hospital_id)
    return order.subject_kind, order.subject_id


async def approve_blacklist(engine: AsyncEngine, entry_id: str, actor: str) -> BlacklistEntry:
    """Approve an entry or a removal; another person than entered it. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        found = _entry(journal, entry_id, "entered", "removal_entered")
        removal = found.status == "removal_entered"
        by, login = (
            (found.removal_entered_by, found.removal_entered_login)
            if removal
            else (found.entered_by, found.entered_login)
        )
        journal.operator(actor).must_differ(Operator(by or "", login), f"entered {entry_id}", "approve it")
        first = found.removed_on if removal and found.removed_on is not None else found.from_on
        if first < journal.today:
            raise CaseRefused(
                f"起效日 {first} 已过，不溯及既往，请撤回后重新登记。"
                "it would reach back: withdraw it, and enter it anew"
            )
        said = {
            "entry_id": entry_id,
            "step": "removal" if removal else "entry",
            "approved_on": journal.today.isoformat(),
        }
        journal.record(BLACKLIST_APPROVED, said | {"actor": actor})
        return _entry(journal, entry_id, "listed", "removed")


async def withdraw_blacklist(engine: AsyncEngine, entry_id: str, actor: str, reason: str) -> None:
    """Take back an entry, or a removal, that nobody has approved. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        _entry(journal, entry_id, "entered", "removal_entered")
        journal.record(BLACKLIST_WITHDRAWN, {"entry_id": entry_id, "actor": actor, "reason": reason})


async def remove_blacklist(
    engine: AsyncEngine, entry_id: str, actor: str, *, removed_on: date, document_no: str, reason: str
) -> None:
    """Enter that somebody leaves the list before the entry ends; another person approves it. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        found = _entry(journal, entry_id, "listed")
        if not max(journal.today, found.from_on) <= removed_on < found.until:
            raise CaseRefused(
                f"移出日须不早于今天，早于 {found.until}。somebody is removed from today on, and before {found.until}"
            )
        said = {"removed_on": removed_on.isoformat(), "document_no": document_no, "reason": reason}
        journal.record(BLACKLIST_REMOVED, {"entry_id": entry_id, **said, "actor": actor})


def _entry(journal: CaseJournal, entry_id: str, *states: str) -> BlacklistEntry:
    found = journal.register.blacklist.get(entry_id)
    if found is None:
        raise CaseRefused(f"黑名单没有 {entry_id}，全部见 claims blacklist list。there is no entry {entry_id}")
    if found.status not in states:
        raise CaseRefused(
            f"{entry_id} {ENTRY_STATE_NAMES[found.status]}，这一步不适用。{entry_id} is {found.status}: not this step"
        )
    return found
