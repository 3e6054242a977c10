"""What the kinds of event that are about claims share: refusals, what acceptance fixes, and how a claim is booked."""

from datetime import date

from msgspec.structs import replace

from events.catalog import HOSPITAL
from events.decisions import CLAIM_ACCEPTED
from events.facts import Bill, DischargeRecorded, OutpatientRecorded
from events.refusals import Refusal
from events.store.journal import ACCEPTANCE_STAGE
from policies.claim import Claim, claim_json
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import LedgerState, bill_of
from projections.admissions import Admission
from projections.cards import valid_cards
from projections.hospitals import Hospital
from projections.rosters import categories_on


def registered_hospital(state: LedgerState, hospital_id: str) -> Hospital:
    """A hospital that was registered; raises ``Refusal``."""
    hospital = state.hospitals.get(hospital_id)
    if hospital is None:
        raise Refusal("unknown_hospital", f"hospital {hospital_id} is not registered")
    return hospital


def known_claim(state: LedgerState, claim_id: str) -> Claim:
    """An accepted claim; raises ``Refusal``."""
    claim = state.claims.get(claim_id)
    if claim is None:
        raise Refusal("unknown_claim", f"no claim {claim_id} was accepted")
    return claim


def changed_claim(state: LedgerState, source: str, claim_id: str) -> Claim:
    """The accepted claim that a reversal or correction is about; raises ``Refusal``."""
    claim = known_claim(state, claim_id)
    require_own(source, claim.hospital_id, f"claim {claim_id}")
    if not claim.standing:
        raise Refusal("already_reversed", f"claim {claim_id} was reversed")
    return claim


def require_own(source: str, hospital_id: str, what: str) -> None:
    """Refuse what a hospital says of another hospital's; a bureau may speak of any."""
    if source.startswith(f"{HOSPITAL}/") and source != f"{HOSPITAL}/{hospital_id}":
        raise Refusal("source_not_allowed", f"{what} is another hospital's")


def require_new_claim(state: LedgerState, claim_id: str) -> None:
    """Refuse a claim id that is used already."""
    if claim_id in state.claims:
        raise Refusal("duplicate_claim", f"claim {claim_id} was accepted before: send a new claim_id")


def require_sum(bill: Bill) -> None:
    """Refuse a bill whose parts don't add up to its total."""
    if not bill.adds_up():
        raise Refusal(
            "bill_does_not_add_up",
            "data.bill.total is not in_scope + upfront_copay + over_limit + self_funded",
        )


def accept_claim(
    state: LedgerState,
    pinned: PinnedSchemes,
    source: str,
    data: DischargeRecorded | OutpatientRecorded,
    *,
    hospital_id: str,
    day: date,
    setting: str,
    admission: Admission | None,
    run: int,
) -> Claim:
    """The claim of a bill, with all that acceptance fixes; raises ``Refusal``. Counts the person's claims up.

    ``run`` is the number that the claim's first run will have.
    """
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
    prescriber = state.hospitals.get(data.prescribed_by or "") if isinstance(data, OutpatientRecorded) else None
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
        late=isinstance(data, DischargeRecorded) and data.stage == "late",
        prepaid=data.prepaid,
        admission_id=admission.admission_id if admission else None,
        referral=tuple(admission.referral) if admission else (),
        opened=run,
        source=source,
        bill=bill_of(data.bill),
        categories=categories_on(state.rosters.get(data.person_id, ()), day),
        audits=(),
        standing=True,
    )


def book_claim(batch: IntakeBatch, event: IncomingEvent, claim: Claim) -> None:
    """Record an accepted claim with its event, note which admission it discharges, and open its first run."""
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    batch.transaction.journal.append(
        CLAIM_ACCEPTED,
        {"claim": claim_json(claim), "fact": number},
        person_id=claim.person_id,
        claim_id=claim.claim_id,
        claim_number=claim.number,
        run=claim.opened,
        stage=ACCEPTANCE_STAGE,
        year=claim.year,
        scheme=batch.pinned.by_hash[claim.scheme].name,
    )
    batch.state.put_claim(claim)
    if claim.admission_id is not None:
        admission = batch.state.admissions[claim.admission_id]
        batch.state.put_admission(replace(admission, discharged_by=claim.claim_id))
    batch.opener.open_new(claim, event.cause(number))


def _enrolled_region(state: LedgerState, person_id: str, day: date) -> str:
    enrolment = state.enrolments.get((person_id, day.year))
    if enrolment is None:
        raise Refusal("not_enrolled", f"{person_id} is not enrolled for {day.year}")
    if enrolment.effective_on > day:
        raise Refusal("not_enrolled", f"{person_id} is enrolled from {enrolment.effective_on}, after {day}")
    if enrolment.died_on is not None and day > enrolment.died_on:
        raise Refusal("not_enrolled", f"{person_id} died on {enrolment.died_on}: the enrollment ended before {day}")
    if enrolment.ended_on is not None and day >= enrolment.ended_on:
        raise Refusal("not_enrolled", f"{person_id}'s enrollment ended on {enrolment.ended_on}, not after {day}")
    return enrolment.region


def _scheme(pinned: PinnedSchemes, region: str, day: date, setting: str, tier: int) -> Scheme:
    scheme = pinned.for_region(region, day)
    if scheme is None:
        raise Refusal("no_policy", f"no scheme serves region {region} on {day}")
    if not scheme.offers(setting, tier, day):
        raise Refusal("no_policy", f"scheme {scheme.name} has no rule for {setting} at tier {tier} on {day}")
    return scheme


def _card_detail(data: DischargeRecorded | OutpatientRecorded, day: date) -> str:
    if data.disease is None:
        return "data.disease is missing: a chronic claim names the disease of its card"
    return f"{data.person_id} has no card for {data.disease} valid on {day}"
