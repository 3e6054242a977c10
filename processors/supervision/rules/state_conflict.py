"""状态冲突 state_conflict: what a bill says does not fit the person.

Definition: a standing stay with a diagnosis of the other sex (``female``, ``male``); with one of the perinatal period
(``infant``) of a person older than ``infant_years``; with one of birth (``birth``) of a woman younger or older than
``birth_youngest`` and ``birth_oldest``; a standing claim of a day on which the person was not insured.
Parameters: the lists of ICD-10 codes and the ages.
Exclusions: persons whose sex or month of birth nobody has stated; days behind a death (rule ``after_death``).
False alarms: most hits are slips of coding; a mother's bill with her newborn's code; a sex that is entered wrongly.
Law: 医疗保障基金使用监督管理条例 Art. 40, 41(1). Ask the owner of the data before anybody is accused.
At risk: what the funds paid of the claim.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.claim import age_on
from policies.supervision.icd import IcdRange, any_within
from policies.supervision.person_rules import StateConflictTerms
from policies.supervision.text import SupervisionText
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim, SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import milder, outlier_size

CODE = "state_conflict"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Claims that do not fit the person."""
    for claim in person.claims:
        if not claim.standing:
            continue
        enrolment = person.enrolments.get(claim.year)
        lapsed = enrolment is None or not enrolment.insures(claim.ends_on)
        behind_death = claim.died_on is not None and claim.ends_on > claim.died_on
        if claim.diagnoses:
            text = context.text(claim.ends_on, claim.region)
            for kind, said in _conflicts(claim, text.rules.state_conflict):
                yield _finding(claim, kind, said, text)
        if lapsed and not behind_death:
            text = context.text(claim.ends_on, claim.region)
            said = {
                "enrolled_from": None if enrolment is None else enrolment.effective_on.isoformat(),
                "enrolment_ended_on": None
                if enrolment is None or enrolment.ended_on is None
                else enrolment.ended_on.isoformat(),
                "day": claim.ends_on.isoformat(),
            }
            yield _finding(claim, "not_insured", said, text)


def _conflicts(claim: SupervisedClaim, terms: StateConflictTerms) -> Iterator[tuple[str, Mapping[str, Any]]]:
    other_sex = {"male": terms.female, "female": terms.male}.get(claim.sex or "")
    if other_sex is not None and any_within(claim.diagnoses, other_sex.value):
        yield "sex", {"sex": claim.sex, "diagnoses": _within(claim, other_sex.value)}
    age = claim.age if claim.birth_month is None else age_on(claim.starts_on, claim.birth_month)
    if age is None:
        return
    if age > terms.infant_years.value and any_within(claim.diagnoses, terms.infant.value):
        yield "age", {"age": age, "diagnoses": _within(claim, terms.infant.value)}
    of_age = terms.birth_youngest.value <= age <= terms.birth_oldest.value
    if claim.sex != "male" and not of_age and any_within(claim.diagnoses, terms.birth.value):
        yield "age_of_birth", {"age": age, "diagnoses": _within(claim, terms.birth.value)}


def _within(claim: SupervisedClaim, ranges: tuple[IcdRange, ...]) -> list[str]:
    return [code for code in claim.diagnoses if any_within((code,), ranges)]


def _finding(claim: SupervisedClaim, kind: str, said: Mapping[str, Any], text: SupervisionText) -> RuleFinding:
    terms = text.rules.state_conflict
    severity: Severity = milder(terms.severity) if kind.startswith("age") else terms.severity
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(kind, claim.claim_id),
        claims=(claim,),
        evidence={"conflict": kind, **said},
        region=claim.region,
        person_id=claim.person_id,
        hospital_id=claim.hospital_id,
        dates=(claim.starts_on, claim.ends_on),
        outlier=outlier_size(severity),
        excluded=("性别、出生年月未登记的 persons whose sex or month of birth is not stated",),
        unchecked=(
            "编码是否误填（多数如此）：须看病案 whether the code is a slip, as most are: needs the medical record",
            "参保信息是否有误：须问信息所有者 whether the register is wrong: ask who keeps it",
        ),
    )


RULE = SupervisionRule(code=CODE, logic=1, name="状态冲突", of_person=find)
