"""Whether a fact is accepted, and what acceptance fixes: the refusals that need the ledger, in DOMAIN's order."""

from collections.abc import Sequence
from datetime import date

from events import facts
from events.catalog import HOSPITAL, Fact
from events.refusals import Refusal
from policies.claim import Claim
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import LedgerState, bill_of
from projections.admissions import Admission
from projections.cards import valid_cards
from projections.hospitals import Hospital
from projections.rosters import categories_on
from projections.waiting import Waiting


class WaitsFor(Exception):
    """A discharge whose admission is not known yet."""

    def __init__(self, admission_id: str) -> None:
        super().__init__(admission_id)
        self.admission_id = admission_id


def accept_discharge(
    state: LedgerState, pinned: PinnedSchemes, fact: Fact, data: facts.DischargeRecorded, run: int
) -> Claim:
    """The claim of an inpatient stay; raises ``Refusal`` or ``WaitsFor``."""
    admission = state.admissions.get(data.admission_id)
    if admission is not None:
        _own(fact, admission.hospital_id, f"admission {admission.admission_id}")
    _new_claim(state, data.claim_id)
    _adds_up(data.bill)
    if admission is None:
        raise WaitsFor(data.admission_id)
    if admission.discharged_by is not None:
        raise Refusal("already_discharged", f"admission {admission.admission_id} has claim {admission.discharged_by}")
    if admission.cancelled:
        raise Refusal("admission_cancelled", f"admission {admission.admission_id} was cancelled")
    if admission.person_id != data.person_id:
        raise Refusal(
            "person_mismatch", f"admission {admission.admission_id} is of another person than {data.person_id}"
        )
    if data.discharged_on < admission.admitted_on:
        raise Refusal("date_order", f"discharged on {data.discharged_on}, before admission on {admission.admitted_on}")
    return _fix(
        state,
        pinned,
        fact,
        data,
        hospital_id=admission.hospital_id,
        day=data.discharged_on,
        setting="inpatient",
        admission=admission,
        run=run,
    )


def accept_outpatient(
    state: LedgerState, pinned: PinnedSchemes, fact: Fact, data: facts.OutpatientRecorded, run: int
) -> Claim:
    """The claim of an outpatient visit; raises ``Refusal``."""
    _new_claim(state, data.claim_id)
    _adds_up(data.bill)
    return _fix(
        state,
        pinned,
        fact,
        data,
        hospital_id=data.hospital_id,
        day=data.served_on,
        setting=data.setting,
        admission=None,
        run=run,
    )


def accept_admission(state: LedgerState, data: facts.AdmissionRecorded) -> Admission:
    """An admission with its referral chain; raises ``Refusal``."""
    if data.admission_id in state.admissions:
        raise Refusal("duplicate_admission", f"admission {data.admission_id} was recorded before")
    registered_hospital(state, data.hospital_id)
    referral: list[str] = []
    if data.referred_from is not None:
        origin = state.admissions.get(data.referred_from)
        if origin is None or origin.person_id != data.person_id:
            raise Refusal("unknown_referral", f"{data.referred_from} is no known admission of {data.person_id}")
        referral = [origin.admission_id, *origin.referral]
    return Admission(data.admission_id, data.person_id, data.hospital_id, data.admitted_on, data.filed, referral)


def cancelled_admission(state: LedgerState, fact: Fact, data: facts.AdmissionCancelled) -> Admission:
    """The admission that is cancelled; raises ``Refusal``."""
    admission = state.admissions.get(data.admission_id)
    if admission is None:
        raise Refusal("unknown_admission", f"admission {data.admission_id} was never recorded")
    _own(fact, admission.hospital_id, f"admission {admission.admission_id}")
    if admission.discharged_by is not None:
        raise Refusal("already_discharged", f"claim {admission.discharged_by} stands: reverse it first")
    return admission


def changed_claim(state: LedgerState, fact: Fact, claim_id: str) -> Claim:
    """The accepted claim that a reversal or correction is about; raises ``Refusal``."""
    claim = known_claim(state, claim_id)
    _own(fact, claim.hospital_id, f"claim {claim_id}")
    if not claim.standing:
        raise Refusal("already_reversed", f"claim {claim_id} was reversed")
    return claim


def corrected_claim(state: LedgerState, fact: Fact, data: facts.ClaimCorrected) -> Claim:
    """The claim whose bill is corrected; raises ``Refusal``."""
    claim = changed_claim(state, fact, data.claim_id)
    _adds_up(data.bill)
    return claim


def audited_claim(state: LedgerState, data: facts.AuditFound) -> Claim:
    """The claim an audit is about; raises ``Refusal``."""
    claim = known_claim(state, data.claim_id)
    if data.finding_id in state.findings:
        raise Refusal("duplicate_finding", f"finding {data.finding_id} was recorded before")
    return claim


def known_claim(state: LedgerState, claim_id: str) -> Claim:
    """An accepted claim; raises ``Refusal``."""
    claim = state.claims.get(claim_id)
    if claim is None:
        raise Refusal("unknown_claim", f"no claim {claim_id} was accepted")
    return claim


def registered_hospital(state: LedgerState, hospital_id: str) -> Hospital:
    """A hospital that was registered; raises ``Refusal``."""
    hospital = state.hospitals.get(hospital_id)
    if hospital is None:
        raise Refusal("unknown_hospital", f"hospital {hospital_id} is not registered")
    return hospital


def new_fine(state: LedgerState, data: facts.FineImposed) -> None:
    """A fine on a registered hospital, under a number of its own; raises ``Refusal``."""
    registered_hospital(state, data.hospital_id)
    if data.fine_id in state.fines:
        raise Refusal("duplicate_fine", f"fine {data.fine_id} was recorded before")


def new_advance(state: LedgerState, region: str, data: facts.AdvanceIssued) -> None:
    """A loan under a number that its bureau has not used; raises ``Refusal``."""
    if (region, data.advance_id) in state.advances:
        raise Refusal("duplicate_advance", f"bureau/{region} has issued advance {data.advance_id} before")


def own_waiting(fact: Fact, waits: Sequence[Waiting], claim_id: str) -> list[Waiting]:
    """What a reversal cancels of what waits under a claim id: all for a bureau, its own for a hospital."""
    own = [entry for entry in waits if not fact.source.startswith(f"{HOSPITAL}/") or entry.source == fact.source]
    if not own:
        raise Refusal("source_not_allowed", f"claim {claim_id} is another hospital's")
    return own


def _fix(
    state: LedgerState,
    pinned: PinnedSchemes,
    fact: Fact,
    data: facts.DischargeRecorded | facts.OutpatientRecorded,
    *,
    hospital_id: str,
    day: date,
    setting: str,
    admission: Admission | None,
    run: int,
) -> Claim:
    hospital = registered_hospital(state, hospital_id)
    if not hospital.designated_on(day):
        raise Refusal("hospital_not_designated", f"hospital {hospital_id} is not designated on {day}")
    if hospital.suspended and hospital.suspended_on(day):
        raise Refusal("hospital_not_designated", f"hospital {hospital_id} is suspended on {day}")
    region = _enrolled_region(state, data.person_id, day)
    scheme = _scheme(pinned, region, day, setting, hospital.tier)
    cards = valid_cards(state.cards.get(data.person_id, ()), day)
    if setting == "chronic" and (data.disease is None or data.disease not in cards):
        raise Refusal("chronic_card_missing", _card_detail(data, day))
    prescriber = state.hospitals.get(data.prescribed_by or "") if isinstance(data, facts.OutpatientRecorded) else None
    person = state.person(data.person_id)
    person.claims += 1
    return Claim(
        claim_id=data.claim_id,
        person_id=data.person_id,
        number=person.claims,
        scheme=scheme.content_hash,
        date=day,
        setting=setting,
        tier=hospital.tier,
        hospital_id=hospital_id,
        hospital_region=hospital.region,
        region=region,
        filed=admission.filed if admission else True,
        prescriber_tier=prescriber.tier if prescriber else 0,
        card_class=cards.get(data.disease or "") if setting == "chronic" else None,
        any_card=bool(cards),
        disease=data.disease,
        late=isinstance(data, facts.DischargeRecorded) and data.stage == "late",
        prepaid=data.prepaid,
        admission_id=admission.admission_id if admission else None,
        referral=tuple(admission.referral) if admission else (),
        opened=run,
        source=fact.source,
        bill=bill_of(data.bill),
        categories=categories_on(state.rosters.get(data.person_id, ()), day),
        audits=(),
        standing=True,
    )


def _own(fact: Fact, hospital_id: str, what: str) -> None:
    if fact.source.startswith(f"{HOSPITAL}/") and fact.source != f"{HOSPITAL}/{hospital_id}":
        raise Refusal("source_not_allowed", f"{what} is another hospital's")


def _new_claim(state: LedgerState, claim_id: str) -> None:
    if claim_id in state.claims:
        raise Refusal("duplicate_claim", f"claim {claim_id} was accepted before: send a new claim_id")


def _adds_up(bill: facts.Bill) -> None:
    if not bill.adds_up():
        raise Refusal(
            "bill_does_not_add_up",
            "data.bill.total is not in_scope + upfront_copay + over_limit + self_funded",
        )


def _enrolled_region(state: LedgerState, person_id: str, day: date) -> str:
    enrolment = state.enrolments.get((person_id, day.year))
    if enrolment is None:
        raise Refusal("not_enrolled", f"{person_id} is not enrolled for {day.year}")
    if enrolment.effective_on > day:
        raise Refusal("not_enrolled", f"{person_id} is enrolled from {enrolment.effective_on}, after {day}")
    if enrolment.died_on is not None and day > enrolment.died_on:
        raise Refusal("not_enrolled", f"{person_id} died on {enrolment.died_on}: the enrollment ended before {day}")
    return enrolment.region


def _scheme(pinned: PinnedSchemes, region: str, day: date, setting: str, tier: int) -> Scheme:
    scheme = pinned.for_region(region, day)
    if scheme is None:
        raise Refusal("no_policy", f"no scheme serves region {region} on {day}")
    if not scheme.offers(setting, tier, day):
        raise Refusal("no_policy", f"scheme {scheme.name} has no rule for {setting} at tier {tier} on {day}")
    return scheme


def _card_detail(data: facts.DischargeRecorded | facts.OutpatientRecorded, day: date) -> str:
    if data.disease is None:
        return "data.disease is missing: a chronic claim names the disease of its card"
    return f"{data.person_id} has no card for {data.disease} valid on {day}"
