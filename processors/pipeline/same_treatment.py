"""Whether a stay or visit is claimed already: by its hospital, or by a bureau that had the bill on paper."""

from datetime import date
from typing import NamedTuple

from events import paper_refusals
from policies.claim import Claim
from processors.pipeline.state import LedgerState


class Treatment(NamedTuple):
    """A stay or visit that is to be claimed; ``admitted_on`` is None of a visit, ``total`` is the bill's in fen."""

    person_id: str
    hospital_id: str
    admitted_on: date | None
    served_on: date
    total: int


def require_unclaimed(state: LedgerState, treatment: Treatment, *, on_paper: bool) -> None:
    """Refuse what a standing claim of the other way has: on paper what its hospital claimed, and the other way round.

    Two bills on paper have two invoices, which tell them apart; but one stay has one claim, however it came. A stay is
    the same where the days meet by a night or agree. A visit is the same where day and total agree, whichever setting
    each names: a person may go twice on a day.
    """
    for claim in state.by_person.get(treatment.person_id, {}).values():
        other = on_paper is (claim.invoice is None)
        if (
            claim.standing
            and (other or (on_paper and treatment.admitted_on is not None))
            and _same(state, treatment, claim)
        ):
            raise paper_refusals.already_claimed(
                claim.claim_id, claim.hospital_id, claim.date, by_hospital=claim.invoice is None
            )


def require_corrected_unclaimed(state: LedgerState, corrected: Claim) -> None:
    """Refuse a correction that makes a visit the one that the other way has claimed. No correction changes days."""
    if corrected.is_stay:
        return
    visit = Treatment(corrected.person_id, corrected.hospital_id, None, corrected.date, corrected.bill.total)
    require_unclaimed(state, visit, on_paper=corrected.invoice is not None)


def _same(state: LedgerState, treatment: Treatment, claim: Claim) -> bool:
    if (claim.hospital_id, claim.is_stay) != (treatment.hospital_id, treatment.admitted_on is not None):
        return False
    if treatment.admitted_on is None:
        return (claim.date, claim.bill.total) == (treatment.served_on, treatment.total)
    begun, ended = _admitted_on(state, claim), claim.date
    if (begun, ended) == (treatment.admitted_on, treatment.served_on):
        return True
    return begun < treatment.served_on and treatment.admitted_on < ended


def _admitted_on(state: LedgerState, claim: Claim) -> date:
    if claim.admitted_on is not None:
        return claim.admitted_on
    admission = state.admissions.get(claim.admission_id or "")
    if admission is None:
        raise AssertionError(f"admission {claim.admission_id} of claim {claim.claim_id} was not loaded")
    return admission.admitted_on
