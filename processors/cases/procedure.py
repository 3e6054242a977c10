"""What must have happened before a fine is proposed and decided: notice, hearing, legal review, within the time bar."""

from collections.abc import Sequence
from datetime import timedelta

from events.money import yuan
from policies.supervision.deadlines import CaseDeadlines
from processors.cases.deadlines import deadlines_in_force, years_later
from processors.cases.journal import CaseJournal
from processors.cases.refusal import CaseRefused
from processors.offices.operators import Operator
from projections.cases import Case, CaseFinding, CaseNote
from projections.measures import Measure


async def require_procedure(
    journal: CaseJournal, case: Case, findings: Sequence[CaseFinding], measures: Sequence[Measure]
) -> None:
    """What must have happened before a fine: notice, hearing, legal review, and the time bar not passed.

    All fines of a case count together: no notice covers two, and none is cut in two to go without a hearing. One that
    is replaced does not count beside what takes its place. Raises ``CaseRefused``.
    """
    if not any(each.kind == "fine" for each in measures):
        return
    decided = journal.register.of_case(journal.register.measures, case.case_id)
    replaced = {each.of_measure for each in measures if each.kind == "fine"}
    before = [each for each in decided if each.status == "decided" and each.measure_id not in replaced]
    fine = sum(each.amount or 0 for each in (*before, *measures) if each.kind == "fine")
    terms = await deadlines_in_force(journal.connection, case.opened_on, case.region)
    notes = journal.register.of_case(journal.register.notes, case.case_id)
    notices = [each for each in notes if each.kind == "notice"]
    if not notices or fine > (notices[-1].amount or 0):
        said = yuan(notices[-1].amount or 0) if notices else "—"
        raise CaseRefused(
            f"罚款 {yuan(fine)} 元，事先告知 {said} 元：罚款须先告知，不得高于告知数额。"
            f"a fine is announced before, and is never above what was announced: claims cases note --kind notice"
        )
    confirmed = journal.register.of_case(journal.register.findings, case.case_id)
    standing = [*findings, *(each for each in confirmed if each.status == "confirmed")]
    if not standing:
        raise CaseRefused("没有认定，不得罚款。nothing was found that is fined")
    for each in standing:
        bar = years_later(each.ended_on, (terms.time_bar_harm_years if each.harm else terms.time_bar_years).value)
        if case.opened_on > bar:
            raise CaseRefused(
                f"{each.finding_id} 于 {each.ended_on} 终了，处罚时效至 {bar}，立案在其后，不再罚款："
                f"撤回罚款（claims cases drop）再提请，基金仍可追回。"
                f"{each.finding_id} could be fined where the case was opened by {bar}: drop the fine"
            )
    if fine >= terms.hearing_from.value and case.subject_kind in ("hospital", "pharmacy"):
        _require_hearing(notes, terms)
        _require_review(case, notes, [each for each in measures if each.kind == "fine"])


def _require_hearing(notes: Sequence[CaseNote], terms: CaseDeadlines) -> None:
    offered = [each for each in notes if each.kind == "hearing_offered"]
    if not offered:
        raise CaseRefused(
            f"罚款达 {yuan(terms.hearing_from.value)} 元，须告知听证权利。such a fine needs the offer of a hearing"
        )
    after = [each for each in notes if each.number > offered[-1].number]
    first = offered[-1].noted_on + timedelta(days=terms.hearing_notice_days.value)
    if any(each.kind == "hearing_waived" for each in after):
        return
    if not any(each.kind == "hearing_held" and each.noted_on >= first for each in after):
        raise CaseRefused(
            f"须在 {first} 及以后举行听证，或由当事人放弃。the hearing is held on {first} or later, or waived"
        )


def _require_review(case: Case, notes: Sequence[CaseNote], fines: Sequence[Measure]) -> None:
    """A review of these fines: what was reviewed before one of them was meant says nothing of it."""
    meant = max(each.number for each in fines)
    reviews = [each for each in notes if each.kind == "legal_review" and each.number > meant]
    if not reviews:
        raise CaseRefused(
            "写明罚款后须经法制审核。a legal review by somebody else comes first, of this fine: --kind legal_review"
        )
    proposer = Operator(case.proposed_by or "", case.proposed_login)
    if case.status == "proposed" and Operator(reviews[-1].noted_by, reviews[-1].noted_login).is_same(proposer):
        raise CaseRefused("法制审核须由提请人以外的人办理。who proposes does not review")
