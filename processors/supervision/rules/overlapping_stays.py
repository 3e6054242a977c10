"""重叠住院 overlapping_stays: one person in two stays at once.

Definition: two standing stays of a person that share more than ``shared_days`` days; one shared day, on which the first
ends and the second begins, is a transfer. Stays in one house count too. A hint alone: a mother's stay and one with her
newborn's codes; a family bed (家庭病床).
Parameters: ``shared_days`` (1).
Exclusions: reversed claims; a bill of 31 December and the discharge behind it are one stay.
False alarms: a discharge that was recorded late; a bed kept during treatment elsewhere, which the ledger can't see.
Law: 医疗保障基金使用监督管理条例 Art. 38(6), 40(3).
At risk: what the funds paid of the stay that began later.
"""

from collections.abc import Iterator

from policies.supervision.icd import any_within
from policies.supervision.text import SupervisionText
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import SupervisedStay, outlier_size

CODE = "overlapping_stays"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Every pair of stays that overlap."""
    stays = person.stays
    for place, first in enumerate(stays):
        for second in stays[place + 1 :]:
            if second.starts_on > first.ends_on:
                break
            yield from _pair(first, second, context)


def _pair(first: SupervisedStay, second: SupervisedStay, context: SupervisionContext) -> Iterator[RuleFinding]:
    text = context.text(second.starts_on, second.claim.region)
    terms = text.rules.overlapping_stays
    if (first.ends_on - second.starts_on).days + 1 <= terms.shared_days.value:
        return
    shared = (min(first.ends_on, second.ends_on) - second.starts_on).days + 1
    same_house = first.hospital_id == second.hospital_id
    mild = _is_mother_with_newborn(first, second, text) or "home_bed" in (first.claim.stay_kind, second.claim.stay_kind)
    severity: Severity = "hint" if mild else terms.severity
    yield RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(first.stay_id, second.stay_id),
        claims=(*first.claims, *second.claims),
        evidence={
            "shared_days": shared,
            "shared_from": second.starts_on.isoformat(),
            "shared_until": min(first.ends_on, second.ends_on).isoformat(),
            "same_hospital": same_house,
            "counties": sorted({first.claim.hospital_region, second.claim.hospital_region}),
        },
        region=second.claim.region,
        person_id=second.claim.person_id,
        hospital_id=second.hospital_id,
        dates=(first.starts_on, first.ends_on, second.starts_on, second.ends_on),
        at_risk=second.paid_by_layer,
        outlier=outlier_size(severity, shared / 30),
        excluded=("出院与入院同日的转院 a transfer on the day of discharge", "已冲销的结算 reversed claims"),
        unchecked=(
            "出院是否迟报：须看病案首页 whether a discharge was recorded late: needs the medical record",
            "是否请假外出或代购：须看护理记录 leave from the ward: needs nursing records",
            "新生儿记母亲名下、家庭病床未撤：须问医院 a newborn under its mother's number, a family bed: ask",
        ),
    )


def _is_mother_with_newborn(first: SupervisedStay, second: SupervisedStay, text: SupervisionText) -> bool:
    """Whether one stay has codes of birth and the other those of a newborn, billed under its mother's number."""
    terms = text.rules.state_conflict
    return any(
        any_within(mother.claim.diagnoses, terms.birth.value) and any_within(child.claim.diagnoses, terms.infant.value)
        for mother, child in ((first, second), (second, first))
    )


RULE = SupervisionRule(code=CODE, logic=2, name="重叠住院", of_person=find)
