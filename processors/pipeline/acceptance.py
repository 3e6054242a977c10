"""What the kinds of event that are about claims share: refusals, what acceptance fixes, and how a claim is booked."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from msgspec.structs import replace

from events import paper_refusals, refusal_details, scheme_refusals
from events.catalog import HOSPITAL
from events.codes import ORDINARY, covers
from events.decisions import CLAIM_ACCEPTED
from events.facts import Bill, BillSubmitted, ClaimFact, DischargeRecorded, InterimRecorded, OutpatientRecorded
from events.refusals import Refusal
from events.store.journal import ACCEPTANCE_STAGE
from policies.chronic_list import listed, takes
from policies.claim import Claim, age_on, claim_json
from policies.scheme import Scheme
from policies.vocabulary import SETTING_NAMES, Vocabulary, named
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.run_opening import STAYS
from processors.pipeline.state import Keys, LedgerState, Lookup, bill_of, hospital_numbers
from projections.admissions import Admission
from projections.cards import valid_cards
from projections.enrolments import Enrolment
from projections.hospitals import Hospital
from projections.referral_filings import ReferralFiling, load_filings
from projections.rosters import categories_on

_A_HOSPITAL = f"{HOSPITAL}/"

FILINGS: Lookup[dict[str, list[ReferralFiling]]] = Lookup(load_filings, dict)
"""What bureaus have filed of treatment away from home, by person."""


def registered_hospital(state: LedgerState, hospital_id: str) -> Hospital:
    """A hospital that was registered; raises ``Refusal``."""
    hospital = state.hospitals.get(hospital_id)
    if hospital is None:
        raise refusal_details.unknown_hospital(hospital_id)
    return hospital


def known_claim(state: LedgerState, source: str, claim_id: str) -> Claim:
    """An accepted claim that the source may speak of; raises ``Refusal``.

    Of another hospital's claim a hospital is told what it is told of none.
    """
    claim = state.claims.get(claim_id)
    if claim is not None and may_change(source, claim):
        return claim
    require_own_id(state, source, claim_id)
    raise refusal_details.unknown_claim(claim_id)


def changed_claim(state: LedgerState, source: str, claim_id: str) -> Claim:
    """The accepted claim that a reversal or correction is about; raises ``Refusal``."""
    claim = known_claim(state, source, claim_id)
    if not claim.standing:
        raise refusal_details.already_reversed(claim_id)
    return claim


def own_claim(state: LedgerState, source: str, claim_id: str) -> Claim:
    """The accepted claim that its own source corrects; raises ``Refusal``."""
    if known_claim(state, source, claim_id).source != source:
        raise paper_refusals.not_own_claim(source, claim_id)
    return changed_claim(state, source, claim_id)


def may_speak_of(source: str, hospital_id: str) -> bool:
    """Whether the records of a hospital are the source's to speak of: a hospital's own, a bureau's all."""
    return not source.startswith(_A_HOSPITAL) or source == f"{HOSPITAL}/{hospital_id}"


def may_change(source: str, claim: Claim) -> bool:
    """Whether a claim is the source's to reverse: a hospital's own, which no bill on paper is, a bureau's all."""
    return not source.startswith(_A_HOSPITAL) or source == claim.source


def require_own_id(state: LedgerState, source: str, id_: str) -> None:
    """Refuse an id that begins with another registered hospital's number, whether or not a record has it.

    The longest number that it begins with counts: H10-7 is of H10 where H1 and H10 are registered.
    """
    if not source.startswith(_A_HOSPITAL):
        return
    own = source.removeprefix(_A_HOSPITAL)
    for number in hospital_numbers(id_):
        if number == own:
            return
        if number in state.hospitals:
            raise refusal_details.not_own_id(source, f"the id {id_}", f"编号 {id_}")


def require_usable_admission(state: LedgerState, source: str, admission_id: str) -> None:
    """Refuse a discharge on another hospital's admission, in the words that are used of one that it may not make."""
    admission = state.admissions.get(admission_id)
    if admission is not None and may_speak_of(source, admission.hospital_id):
        return
    require_own_id(state, source, admission_id)
    if admission is not None:
        raise _not_own_admission(source, admission_id)
    require_unreserved(state, source, admission_id)


def require_unreserved(state: LedgerState, source: str, admission_id: str) -> None:
    """Refuse an admission that another hospital's discharge waits for: the first that waits reserves it."""
    waits = [entry for entry in state.waiting if entry.admission_id == admission_id]
    if waits and waits[0].source != source:
        raise _not_own_admission(source, admission_id)


def _not_own_admission(source: str, admission_id: str) -> Refusal:
    return refusal_details.not_own_id(source, f"admission_id {admission_id}", f"入院登记号 {admission_id}")


def require_past(state: LedgerState, field: str, day: date) -> None:
    """Refuse what is said to have happened after today, in the county's time."""
    if day > state.today:
        raise refusal_details.date_in_future(field, day, state.today)


def ask_about_stay(keys: Keys, data: DischargeRecorded | InterimRecorded) -> None:
    """The admission, whether the claim id is used, whose numbers the ids begin with, the person."""
    keys.admissions.add(data.admission_id)
    keys.begin_with_hospital(data.admission_id)
    keys.begin_with_hospital(data.claim_id)
    keys.claims.add(data.claim_id)
    keys.persons.add(data.person_id)
    keys.papers.add(data.person_id)
    keys.look_up(FILINGS, data.person_id)
    keys.look_up(STAYS, data.person_id)


def require_new_claim(state: LedgerState, source: str, claim_id: str) -> None:
    """Refuse a claim id that is used already, or under which another hospital's discharge waits."""
    claim = state.claims.get(claim_id)
    if claim is not None:
        raise refusal_details.duplicate_claim(claim_id, own=source == claim.source)
    if state.waiting and any(entry.claim_id == claim_id and entry.source != source for entry in state.waiting):
        raise refusal_details.duplicate_claim(claim_id, own=False)


def require_sum(bill: Bill) -> None:
    """Refuse a bill whose parts don't add up to its total."""
    if not bill.adds_up():
        raise refusal_details.bill_does_not_add_up()


def require_known_disease(
    state: LedgerState, person_id: str, disease: str | None, where: str, terms: Vocabulary
) -> None:
    """Refuse a disease that is in no vocabulary, unless the person has had a card for it: what was taken stays so."""
    if disease is None or disease in terms.diseases:
        return
    if all(card.disease != disease for card in state.cards.get(person_id, ())):
        raise refusal_details.unknown_disease(disease, where, named(terms.diseases))


def accept_claim(
    state: LedgerState,
    pinned: PinnedSchemes,
    source: str,
    data: ClaimFact,
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
    hospital, enrolment = _treating_hospital(state, data, hospital_id, day), _enrolment(state, data.person_id, day)
    scheme = _scheme(pinned, enrolment, day, setting, hospital.tier, interim=isinstance(data, InterimRecorded))
    require_known_disease(state, data.person_id, data.disease, scheme.name, scheme.terms)
    cards = valid_cards(state.cards.get(data.person_id, ()), day)
    _require_card(setting, scheme, data, cards, day)
    treated = admission if isinstance(data, DischargeRecorded | InterimRecorded) else data
    paper = data if isinstance(data, BillSubmitted) else None
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
        region=enrolment.region,
        filed=_is_filed(state, data, admission, hospital, enrolment),
        prescriber_tier=_prescriber_tier(state, data),
        card_class=_card_class(scheme, data, cards, day) if setting == "chronic" else None,
        any_card=bool(cards),
        disease=data.disease,
        late=data.stage == "late",
        prepaid=data.prepaid,
        admission_id=admission.admission_id if admission else None,
        referral=_referral(state, paper, admission),
        opened=run,
        source=source,
        bill=bill_of(data.bill),
        categories=categories_on(state.rosters.get(data.person_id, ()), day),
        audits=(),
        standing=True,
        **_insured_as(enrolment, day),
        emergency=treated is not None and treated.emergency,
        stay_kind=(treated and treated.stay_kind) or ORDINARY,
        interim=isinstance(data, InterimRecorded),
        invoice=paper.invoice if paper else None,
        admitted_on=paper.admitted_on if paper else None,
        card_diseases=tuple(sorted(cards)),
        years_insured=years_insured(state.enrolments, enrolment),
    )


def _insured_as(enrolment: Enrolment, day: date) -> dict[str, Any]:
    """What a claim fixes of who the person was on its day."""
    return {
        "insurance_type": enrolment.insurance_type,
        "age": age_on(day, enrolment.birth_month),
        "sex": enrolment.sex,
        "household_id": enrolment.household_id,
        "contracted_doctor": enrolment.contracted_doctor,
    }


def _referral(state: LedgerState, paper: BillSubmitted | None, admission: Admission | None) -> tuple[str, ...]:
    if paper is not None:
        return referral_chain(state, paper.person_id, paper.referred_from)
    return tuple(admission.referral) if admission else ()


def years_insured(enrolments: Mapping[tuple[str, int], Enrolment], enrolment: Enrolment) -> int:
    """The years insured without a break up to that of an enrollment: as a bureau said of the last year of which one
    did, and one more for each year since; else the years that the ledger knows.

    A year that began after 1 January, or ended before 31 December, is a break.
    """
    years, each = 1, enrolment
    while each.years_insured is None:
        if each.effective_on > date(each.year, 1, 1):
            return years
        before = enrolments.get((each.person_id, each.year - 1))
        if before is None or before.ended_on is not None:
            return years
        years, each = years + 1, before
    return years - 1 + each.years_insured


def _prescriber_tier(state: LedgerState, data: ClaimFact) -> int:
    by = data.prescribed_by if isinstance(data, OutpatientRecorded | BillSubmitted) else None
    prescriber = state.hospitals.get(by or "")
    return prescriber.tier if prescriber else 0


def book_claim(batch: IntakeBatch, event: IncomingEvent, claim: Claim) -> None:
    """Record an accepted claim with its event, note which admission it discharges, and open its first run."""
    claim = batch.opener.numbered(claim)
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
        has = {"interim_by" if claim.interim else "discharged_by": claim.claim_id}
        batch.state.put_admission(replace(admission, **has))
    batch.opener.open_new(claim, event.cause(number))


def referral_chain(state: LedgerState, person_id: str, referred_from: str | None) -> tuple[str, ...]:
    """The admissions along which a stay was referred, nearest first; raises ``Refusal``."""
    if referred_from is None:
        return ()
    origin = state.admissions.get(referred_from)
    if origin is None or origin.person_id != person_id:
        raise refusal_details.unknown_referral(referred_from, person_id)
    return origin.admission_id, *origin.referral


def _treating_hospital(state: LedgerState, data: ClaimFact, hospital_id: str, day: date) -> Hospital:
    """The hospital as registered; one that is not is what a bureau's papers say of it. Raises ``Refusal``."""
    if not isinstance(data, BillSubmitted) or hospital_id in state.hospitals:
        return _designated_hospital(state, hospital_id, day)
    if data.hospital_name is None or data.hospital_tier is None or data.hospital_region is None:
        raise paper_refusals.hospital_not_stated(hospital_id)
    return Hospital(hospital_id, data.hospital_name, data.hospital_tier, data.hospital_region, day, None)


def _designated_hospital(state: LedgerState, hospital_id: str, day: date) -> Hospital:
    hospital = registered_hospital(state, hospital_id)
    if not hospital.designated_on(day):
        raise refusal_details.not_designated(hospital_id, day)
    if hospital.suspended and hospital.suspended_on(day):
        raise refusal_details.suspended(hospital_id, day)
    return hospital


def _card_class(scheme: Scheme, data: ClaimFact, cards: Mapping[str, str], day: date) -> str | None:
    """The class of the card, or the one that the scheme's chronic list gives the disease."""
    entry = listed(scheme.chronic_list, data.disease, day)
    return (entry.class_ if entry is not None else None) or cards.get(data.disease or "")


def _require_card(setting: str, scheme: Scheme, data: ClaimFact, cards: Collection[str], day: date) -> None:
    if setting != "chronic":
        return
    if data.disease is None:
        raise refusal_details.card_disease_missing()
    if not takes(scheme.chronic_list, data.disease, day):
        known = {each.disease: scheme.terms.diseases[each.disease].name for each in scheme.chronic_list}
        raise refusal_details.not_on_chronic_list(data.disease, scheme.name, known)
    if data.disease not in cards:
        raise refusal_details.no_card(data.person_id, data.disease, day)


def _is_filed(
    state: LedgerState, data: ClaimFact, admission: Admission | None, hospital: Hospital, enrolment: Enrolment
) -> bool:
    """Whether a stay is filed: by its own word, or by a bureau's that insures the person. Visits need no filing."""
    stay = data if isinstance(data, BillSubmitted) else admission
    if stay is None or stay.admitted_on is None or stay.filed:
        return True
    return any(
        filing.serves(stay.admitted_on, hospital) and covers(filing.region, enrolment.region)
        for filing in state.of(FILINGS).get(data.person_id, ())
    )


def _enrolment(state: LedgerState, person_id: str, day: date) -> Enrolment:
    enrolment = state.enrolments.get((person_id, day.year))
    if enrolment is None:
        raise refusal_details.not_enrolled(person_id, day.year)
    if not enrolment.insures(day):
        raise refusal_details.not_enrolled_on(person_id, day)
    return enrolment


def _scheme(
    pinned: PinnedSchemes, enrolment: Enrolment, day: date, setting: str, tier: int, *, interim: bool
) -> Scheme:
    region, insured_as = enrolment.region, enrolment.insurance_type
    scheme = pinned.for_region(region, day, insured_as)
    if scheme is None:
        raise refusal_details.no_scheme(region, day, insured_as)
    if not scheme.offers(setting, tier, day):
        raise refusal_details.no_rule(scheme.name, setting, SETTING_NAMES[setting], tier, day)
    if interim and (scheme.interim_bill is None or not scheme.interim_bill.holds_on(day)):
        raise scheme_refusals.no_interim_bill(scheme.name, day)
    return scheme
