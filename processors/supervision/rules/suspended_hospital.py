"""暂停期结算 suspended_hospital: a service while the hospital's agreement was suspended.

Definition: a standing claim whose day of service (of a stay, of admission) lies in a suspension of its hospital. Intake
refuses such claims once the suspension is known, so these were recorded before it was.
Parameters: none beside the severity.
Exclusions: none; a stay that began before the suspension and ended in it is a hint, for its patient was there already;
an emergency is milder, for agreements may except it.
False alarms: a suspension whose first day is corrected later.
Law: 医疗机构医疗保障定点管理暂行办法（国家医保局令第2号）: costs during a suspension are not paid.
At risk: what the funds paid of it.
"""

from collections.abc import Iterator

from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import milder, outlier_size

CODE = "suspended_hospital"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Claims of days in a suspension."""
    for claim in person.claims:
        hospital = context.hospitals.get(claim.hospital_id)
        if hospital is None or not hospital.turns or not claim.standing:
            continue
        at_start, at_end = hospital.suspension_on(claim.starts_on), hospital.suspension_on(claim.ends_on)
        turn = at_start or at_end
        if turn is None:
            continue
        text = context.text(claim.ends_on, claim.region)
        terms = text.rules.suspended_hospital
        severity: Severity = milder(terms.severity) if claim.emergency else terms.severity
        if at_start is None:
            severity = "hint"
        yield RuleFinding(
            rule=CODE,
            severity=severity,
            text=text,
            terms=terms,
            key=(claim.claim_id,),
            claims=(claim,),
            evidence={
                "suspended_from": turn.on.isoformat(),
                "suspension_recorded_at": turn.fact.recorded_at.isoformat(),
                "recorded_before_the_suspension": claim.entry < turn.fact.number,
                "admitted_before": at_start is None,
                "emergency": claim.emergency,
                "suspension_clause": turn.clause,
            },
            region=claim.region,
            person_id=claim.person_id,
            hospital_id=claim.hospital_id,
            dates=(turn.on, claim.starts_on, claim.ends_on),
            outlier=outlier_size(severity),
            facts=(turn.fact,),
            excluded=("暂停前已入院的只作提示 who was admitted before it is a hint alone",),
            unchecked=("急诊、危重能否例外：须看协议 whether emergencies are exempt: needs the agreement",),
        )


RULE = SupervisionRule(code=CODE, logic=2, name="暂停期结算", of_person=find)
