"""重复结算、同票 same_bill: one bill paid twice.

Definition: two standing claims of a person at one house whose days (within ``window_days``) and five sums are the same;
or with the same invoice; or with the same days and total where one of them is a bill on paper.
Parameters: ``window_days`` (0); totals up to ``small`` are a hint, for small visits alike are common.
Exclusions: reversed claims are taken out first, with what they were billed again as.
False alarms: two registrations on one day at one price; parcels of drugs of fixed price.
Law: 医疗保障基金使用监督管理条例 Art. 38(3), 41(2).
At risk: what the funds paid of all but the first recorded.
"""

from collections.abc import Iterator, Sequence

from processors.supervision.claim import SupervisedClaim, SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import milder, outlier_size, paid_by_layer

CODE = "same_bill"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Every later claim that an earlier one is alike."""
    by_hospital: dict[str, list[SupervisedClaim]] = {}
    for claim in person.claims:
        if claim.standing and claim.bill.total:
            by_hospital.setdefault(claim.hospital_id, []).append(claim)
    for claims in by_hospital.values():
        if len(claims) > 1:
            yield from _of_hospital(claims, person, context)


def _of_hospital(
    claims: Sequence[SupervisedClaim], person: SupervisedPerson, context: SupervisionContext
) -> Iterator[RuleFinding]:
    by_total: dict[int, list[SupervisedClaim]] = {}
    for claim in claims:
        by_total.setdefault(claim.bill.total, []).append(claim)
    for alike in by_total.values():
        for place, later in enumerate(alike):
            for first in alike[:place]:
                finding = _pair(first, later, person, context)
                if finding is not None:
                    yield finding
                    break


def _pair(
    first: SupervisedClaim, later: SupervisedClaim, person: SupervisedPerson, context: SupervisionContext
) -> RuleFinding | None:
    text = context.text(later.ends_on, later.region)
    terms = text.rules.same_bill
    window = terms.window_days.value
    apart = max(abs((first.starts_on - later.starts_on).days), abs((first.ends_on - later.ends_on).days))
    same_invoice = first.invoice is not None and first.invoice == later.invoice
    same_days = apart <= window and first.is_stay == later.is_stay
    same_sums = first.bill == later.bill
    one_on_paper = (first.invoice is None) != (later.invoice is None)
    if not same_invoice and not (same_days and (same_sums or one_on_paper)):
        return None
    if first.admission_id is not None and first.admission_id == later.admission_id:
        return None
    small = not later.is_stay and later.bill.total <= terms.small.value
    severity = "hint" if small else terms.severity if same_sums or same_invoice else milder(terms.severity)
    twins = [claim for claim in person.claims if not claim.standing and claim.bill == later.bill]
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(first.claim_id, later.claim_id),
        claims=(first, later),
        evidence={
            "same_invoice": same_invoice,
            "same_five_sums": same_sums,
            "days_apart": apart,
            "one_on_paper": one_on_paper,
            "reversed_alike": [claim.claim_id for claim in twins],
        },
        region=later.region,
        person_id=later.person_id,
        hospital_id=later.hospital_id,
        at_risk=paid_by_layer((later,)),
        outlier=outlier_size(severity),
        excluded=("已冲销的结算及其重结 reversed claims and what they were billed again as",),
        unchecked=(
            "明细项目是否不同：须看收费清单 whether the items differ: needs the list of items",
            "同日两次就诊：须看挂号记录 two visits on one day: needs the registrations",
        ),
    )


RULE = SupervisionRule(code=CODE, logic=1, name="重复结算、同票", of_person=find)
