"""同日多院、异地同时 two_places_one_day: one card in several houses on one day.

Definition: on one day standing visits in ``houses`` houses or more; or, in another county, a visit between the days of
admission and discharge of a stay.
Graver where the houses lie in two counties; pharmacies alone are a hint.
Parameters: ``houses`` (2).
Exclusions: one house and one pharmacy of one county; emergencies; the days of admission and discharge. A visit in a
stay within one county is left to rule ``visit_in_stay``.
False alarms: a sample sent to another house; a purchase on the way home.
Law: 医疗保障基金使用监督管理条例 Art. 41(1).
At risk: what the funds paid of all but the dearest claim of the day.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim, SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import SupervisedStay, milder, outlier_size, paid_by_layer

CODE = "two_places_one_day"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Days in several houses."""
    visits: dict[date, list[SupervisedClaim]] = {}
    for claim in person.claims:
        if claim.standing and not claim.is_stay:
            visits.setdefault(claim.ends_on, []).append(claim)
    if not visits:
        return
    stays = person.stays
    for day, claims in sorted(visits.items()):
        around = [stay for stay in stays if stay.starts_on < day < stay.ends_on]
        if len(claims) + len(around) > 1:
            yield from _day(day, claims, around, context)


def _day(
    day: date, visits: Sequence[SupervisedClaim], around: Sequence[SupervisedStay], context: SupervisionContext
) -> Iterator[RuleFinding]:
    last = max(visits, key=lambda claim: claim.entry)
    text = context.text(day, last.region)
    terms = text.rules.two_places_one_day
    claims = [claim for claim in (*(stay.claim for stay in around), *visits) if not claim.emergency]
    counties = sorted({claim.hospital_region for claim in claims})
    if len(counties) == 1:
        claims = [claim for claim in visits if not claim.emergency]
    houses = sorted({claim.hospital_id for claim in claims})
    if len(houses) < terms.houses.value or (len(counties) == 1 and _is_usual(claims)):
        return
    severity = _severity(terms.severity, claims, counties)
    dearest = max(claims, key=lambda claim: (claim.paid, claim.claim_id))
    yield RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(day.isoformat(),),
        claims=tuple(sorted(claims, key=lambda claim: claim.entry)),
        evidence={
            "day": day.isoformat(),
            "houses": houses,
            "counties": counties,
            "settings": sorted({claim.setting for claim in claims}),
        },
        region=last.region,
        person_id=last.person_id,
        hospital_id=last.hospital_id,
        dates=(day,),
        at_risk=paid_by_layer(claim for claim in claims if claim is not dearest),
        outlier=outlier_size(severity, (len(houses) - terms.houses.value) / 5),
        excluded=(
            "急诊 emergencies",
            "入院日和出院日 the days of admission and discharge",
            "同县就诊后到药店购药 a visit and a purchase in one county",
            "同县住院期间的门诊另见规则 visit_in_stay visits in a stay within one county are of that rule",
        ),
        unchecked=(
            "几点几分：账册只有日期 the time of day: the ledger has days alone",
            "送检标本、会诊：须问医院 a sample sent out, a consultation: ask the hospitals",
        ),
    )


def _is_usual(claims: Sequence[SupervisedClaim]) -> bool:
    """Whether it is one house and one pharmacy."""
    pharmacies = sum(claim.setting == "pharmacy" for claim in claims)
    return pharmacies == 1 and len({claim.hospital_id for claim in claims if claim.setting != "pharmacy"}) == 1


def _severity(most: Severity, claims: Sequence[SupervisedClaim], counties: Sequence[str]) -> Severity:
    if all(claim.setting == "pharmacy" for claim in claims):
        return "hint"
    return most if len(counties) > 1 else milder(most)


RULE = SupervisionRule(code=CODE, logic=2, name="同日多院、异地同时", of_person=find)
