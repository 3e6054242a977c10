"""死亡后结算 after_death: a service on a day behind the person's death.

Definition: a standing claim whose day lies more than ``grace_days`` behind the day of death as last reported. A stay
that began before the death and ended behind it is a hint, for either day may be wrong.
Parameters: ``grace_days`` (0).
Exclusions: claims recorded late of days before the death; a discharge on the day of death.
False alarms: a wrong or late report of the death; the day of a funeral bill.
Law: 医疗保障基金使用监督管理条例 Art. 40, 41(1).
At risk: what the funds paid of it.
"""

from collections.abc import Iterator

from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import outlier_size

CODE = "after_death"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Claims behind the death."""
    death = person.death
    if death is None:
        return
    for claim in person.claims:
        beyond = (claim.ends_on - death.died_on).days
        if beyond <= 0 or not claim.standing:
            continue
        text = context.text(claim.ends_on, claim.region)
        terms = text.rules.after_death
        if beyond <= terms.grace_days.value:
            continue
        begun_before = claim.starts_on <= death.died_on
        severity: Severity = "hint" if begun_before else terms.severity
        yield RuleFinding(
            rule=CODE,
            severity=severity,
            text=text,
            terms=terms,
            key=(claim.claim_id,),
            claims=(claim,),
            evidence={
                "died_on": death.died_on.isoformat(),
                "days_behind": beyond,
                "admitted_before": begun_before,
                "death_recorded_at": death.fact.recorded_at.isoformat(),
                "recorded_before_the_report": claim.entry < death.fact.number,
            },
            region=claim.region,
            person_id=claim.person_id,
            hospital_id=claim.hospital_id,
            dates=(death.died_on, claim.starts_on, claim.ends_on),
            outlier=outlier_size(severity, beyond / 365),
            facts=(death.fact,),
            excluded=(
                "死亡当日出院 a discharge on the day of death",
                "死亡前业务迟报 late records of days before it",
            ),
            unchecked=("死亡日期是否准确：须查死亡证明 whether the day of death is right: needs the certificate",),
        )


RULE = SupervisionRule(code=CODE, logic=1, name="死亡后结算", of_person=find)
