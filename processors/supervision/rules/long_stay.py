"""超长住院 long_stay: a stay of very many days.

Definition: a standing stay of ``days`` or more from admission to discharge, of ``mental_days`` or more where its main
diagnosis is one of ``mental``; a bill of 31 December and the discharge behind it are one stay.
Parameters: ``days`` (60), ``mental_days`` (90), ``mental`` (F00–F99).
Exclusions: family beds (家庭病床).
False alarms: coma, rehabilitation, long-term psychiatric care.
Law: 医疗保障基金使用监督管理条例 Art. 38(1), 38(2).
At risk: the share of the funds' money that the days beyond the limit have of all days.
"""

from collections.abc import Iterator

from policies.supervision.icd import any_within
from processors.supervision.claim import SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import outlier_size

CODE = "long_stay"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Stays of so many days."""
    for stay in person.stays:
        claim = stay.claim
        text = context.text(claim.ends_on, claim.region)
        terms = text.rules.long_stay
        if stay.days < min(terms.days.value, terms.mental_days.value) or claim.stay_kind == "home_bed":
            continue
        is_mental = any_within(claim.diagnoses[:1], terms.mental.value)
        limit = (terms.mental_days if is_mental else terms.days).value
        if stay.days < limit:
            continue
        beyond = stay.days - limit + 1
        yield RuleFinding(
            rule=CODE,
            severity=terms.severity,
            text=text,
            terms=terms,
            key=(stay.stay_id,),
            claims=stay.claims,
            evidence={"stay_days": stay.days, "limit": limit, "mental": is_mental},
            region=claim.region,
            person_id=claim.person_id,
            hospital_id=claim.hospital_id,
            dates=(stay.starts_on, stay.ends_on),
            at_risk={layer: amount * beyond // stay.days for layer, amount in stay.paid_by_layer.items()},
            outlier=outlier_size(terms.severity, beyond / limit),
            excluded=("家庭病床 family beds", "精神科按其上限 psychiatry has a limit of its own"),
            unchecked=("是否需要继续住院：须看病程记录 whether the stay was needed: needs the course of the disease",),
        )


RULE = SupervisionRule(code=CODE, logic=1, name="超长住院", of_person=find)
