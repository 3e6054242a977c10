"""住院期间门诊、购药 visit_in_stay: a visit or a purchase while the person lies in hospital.

Definition: a standing claim of a visit or a pharmacy, ``margin_days`` or more behind the admission and before the
discharge of a standing stay; all of one stay are one lead.
Parameters: ``margin_days`` (1); ``suspicious_visits`` (2): fewer are a hint.
Exclusions: the days of admission and discharge; family beds (家庭病床), whose patients live at home.
False alarms: an approved test outside; family that fetches drugs for a chronic disease (a public demo: 32 of 86).
Law: 医疗保障基金使用监督管理条例 Art. 38(1), 38(3).
At risk: what the funds paid of the visits.
"""

from collections.abc import Iterator
from datetime import timedelta

from processors.supervision.claim import SupervisedClaim, SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import SupervisedStay, milder, outlier_size, paid_by_layer

CODE = "visit_in_stay"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Stays with visits in them."""
    stays = person.stays
    if not stays:
        return
    visits = [claim for claim in person.claims if claim.standing and not claim.is_stay]
    visits.sort(key=lambda claim: (claim.ends_on, claim.number))
    for stay in stays:
        if stay.claim.stay_kind == "home_bed":
            continue
        found = [visit for visit in visits if _within(visit, stay, context)]
        if found:
            yield _finding(stay, found, context)


def _within(visit: SupervisedClaim, stay: SupervisedStay, context: SupervisionContext) -> bool:
    if not stay.starts_on < visit.ends_on < stay.ends_on:
        return False
    margin = timedelta(days=context.text(visit.ends_on, visit.region).rules.visit_in_stay.margin_days.value)
    return stay.starts_on + margin <= visit.ends_on <= stay.ends_on - margin


def _finding(stay: SupervisedStay, visits: list[SupervisedClaim], context: SupervisionContext) -> RuleFinding:
    last = visits[-1]
    text = context.text(last.ends_on, last.region)
    terms = text.rules.visit_in_stay
    severity = terms.severity if len(visits) >= terms.suspicious_visits.value else milder(terms.severity)
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(stay.stay_id,),
        claims=(*stay.claims, *visits),
        evidence={
            "visits": len(visits),
            "days_of_visits": [visit.ends_on.isoformat() for visit in visits],
            "settings": sorted({visit.setting for visit in visits}),
            "same_hospital": all(visit.hospital_id == stay.hospital_id for visit in visits),
            "stay_days": stay.days,
        },
        region=last.region,
        person_id=last.person_id,
        hospital_id=stay.hospital_id,
        dates=(stay.starts_on, stay.ends_on, *(visit.ends_on for visit in visits)),
        at_risk=paid_by_layer(visits),
        outlier=outlier_size(severity, len(visits) / 10),
        excluded=("入院日和出院日 the days of admission and discharge", "家庭病床 family beds"),
        unchecked=(
            "经批准的外检：须看医嘱 an approved test outside: needs the orders",
            "家属代取慢病药：须问病区和药店 family that fetched drugs: ask ward and pharmacy",
            "是否在床：须查房 whether the patient was in the ward: needs a check of it",
        ),
    )


RULE = SupervisionRule(code=CODE, logic=2, name="住院期间门诊、购药", of_person=find)
