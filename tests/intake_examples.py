"""An example of each intake event as its source writes it, changed as a test wants it, read or refused."""

import json
from typing import Any

import pytest

from events.catalog import Fact, Unreadable, read

HOSPITAL = "hospital/H2206213"
BUREAU = "bureau/220621"
BILL = {
    "total": "20000.00",
    "in_scope": "18000.00",
    "upfront_copay": "0",
    "over_limit": "0.00",
    "self_funded": 2000,
}
CARD = {"person_id": "P1", "disease": "diabetes", "disease_class": "II", "effective_on": "2019-01-01"}

EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "aid.decided.v1": (
        "civil-affairs/220621",
        {
            "decision_id": "D1",
            "claim_id": "C1",
            "layer": "charity",
            "amount": "500.00",
            "decided_on": "2019-05-20",
            "decided_by": "王芳",
            "approved_by": "李强",
            "document": "慈救〔2019〕8号",
        },
    ),
    "aid.withdrawn.v1": (
        "civil-affairs/220621",
        {
            "decision_id": "D1",
            "claim_id": "C1",
            "withdrawn_on": "2019-06-20",
            "decided_by": "王芳",
            "approved_by": "李强",
            "reason": "已由他人资助",
        },
    ),
    "enrollment.recorded.v1": (
        BUREAU,
        {"person_id": "P1", "region": "220621", "year": 2019, "effective_on": "2019-02-01", "self_paid": "270.00"},
    ),
    "enrollment.recorded.v2": (
        BUREAU,
        {
            "person_id": "P1",
            "region": "220621",
            "year": 2019,
            "effective_on": "2019-02-01",
            "self_paid": "270.00",
            "insurance_type": "employee_retired",
            "birth_month": "1951-03",
            "sex": "female",
            "household_id": "HH-17",
            "township": "220621101",
            "village": "220621101204",
            "contracted_doctor": True,
            "years_insured": 6,
        },
    ),
    "enrollment.ended.v1": (
        BUREAU,
        {
            "person_id": "P1",
            "region": "220621",
            "year": 2019,
            "effective_on": "2019-07-01",
            "reason": "employee_insurance",
        },
    ),
    "bill.submitted.v1": (
        BUREAU,
        {
            "claim_id": "W1",
            "submitted_by": "bureau",
            "person_id": "P1",
            "invoice": "22010119N0001234567",
            "papers": ["0123456789abcdef" * 4, "fedcba9876543210" * 4],
            "hospital_id": "H110108",
            "hospital_name": "北京某医院",
            "hospital_tier": 3,
            "hospital_region": "110108",
            "setting": "inpatient",
            "admitted_on": "2019-04-30",
            "served_on": "2019-05-06",
            "referred_from": "A1",
            "filed": True,
            "disease": "cerebral_infarction",
            "stage": "late",
            "prescribed_by": "H2206213",
            "bill": BILL,
            "prepaid": True,
            "emergency": True,
            "stay_kind": "maternity",
        },
    ),
    "hospital.registered.v1": (
        BUREAU,
        {
            "hospital_id": "H2206213",
            "name": "抚松县人民医院",
            "tier": 2,
            "region": "220621",
            "designated_from": "2018-01-01",
            "designated_until": "2021-01-01",
            "kind": "hospital",
        },
    ),
    "hospital.suspended.v1": (
        BUREAU,
        {"hospital_id": "H2206213", "effective_on": "2019-03-01", "reason": "虚增费用", "clause": "服务协议第八条"},
    ),
    "hospital.reinstated.v1": (
        BUREAU,
        {"hospital_id": "H2206213", "effective_on": "2019-06-01", "reason": "整改合格"},
    ),
    "roster.changed.v1": (
        "poverty-office/220621",
        {"person_id": "P1", "category": "registered_poor", "change": "added", "effective_on": "2018-01-01"},
    ),
    "person.died.v1": (BUREAU, {"person_id": "P1", "died_on": "2019-05-06"}),
    "chronic_card.issued.v1": (BUREAU, CARD | {"on_site": True, "corrects": "wrong"}),
    "chronic_card.revoked.v1": (BUREAU, CARD | {"corrects": "wrong"}),
    "admission.cancelled.v1": (HOSPITAL, {"admission_id": "A1", "reason": "误登记"}),
    "admission.recorded.v1": (
        HOSPITAL,
        {
            "admission_id": "A1",
            "person_id": "P1",
            "hospital_id": "H2206213",
            "admitted_on": "2019-04-30",
            "diagnoses": ["I63.9", "E11"],
            "referred_from": "A0",
            "filed": False,
            "emergency": True,
            "stay_kind": "maternity",
        },
    ),
    "admission.changed.v1": (
        HOSPITAL,
        {
            "admission_id": "A1",
            "admitted_on": "2019-04-29",
            "diagnoses": ["I63.9", "I10"],
            "filed": True,
            "emergency": False,
            "stay_kind": "day_surgery",
        },
    ),
    "discharge.recorded.v1": (
        HOSPITAL,
        {
            "claim_id": "C1",
            "admission_id": "A1",
            "person_id": "P1",
            "discharged_on": "2019-05-06",
            "bill": BILL,
            "disease": "cerebral_infarction",
            "stage": "late",
            "prepaid": True,
        },
    ),
    "interim.recorded.v1": (
        HOSPITAL,
        {
            "claim_id": "C1",
            "admission_id": "A1",
            "person_id": "P1",
            "billed_on": "2019-12-31",
            "bill": BILL,
            "disease": "lung_cancer",
            "stage": "late",
            "prepaid": False,
        },
    ),
    "outpatient.recorded.v1": (
        HOSPITAL,
        {
            "claim_id": "C2",
            "person_id": "P1",
            "hospital_id": "H2206213",
            "served_on": "2019-05-06",
            "setting": "pharmacy",
            "disease": "hypertension",
            "stage": "late",
            "prescribed_by": "H2206213",
            "bill": BILL,
            "prepaid": False,
            "emergency": True,
            "stay_kind": "home_bed",
        },
    ),
    "claim.reversed.v1": (HOSPITAL, {"claim_id": "C1", "reason": "费用有误"}),
    "claim.corrected.v1": (HOSPITAL, {"claim_id": "C1", "bill": BILL, "reason": "费用有误"}),
    "audit.found.v1": (
        BUREAU,
        {
            "finding_id": "F1",
            "claim_id": "C1",
            "amount": "61.00",
            "borne_by": "hospital",
            "part": "in_scope",
            "reason": "过度治疗",
        },
    ),
    "audit.withdrawn.v1": (
        BUREAU,
        {
            "finding_id": "F1",
            "claim_id": "C1",
            "amount": "61.00",
            "document": "上医保复决〔2019〕1号",
            "reason": "复议后认定属合理治疗",
        },
    ),
    "advance.issued.v1": (
        BUREAU,
        {
            "advance_id": "V1",
            "person_id": "P1",
            "amount": "5000.00",
            "issued_on": "2019-04-29",
            "lent_by": "township_station",
            "filed_on": "2019-04-30",
        },
    ),
    "referral.filed.v1": (
        BUREAU,
        {
            "filing_id": "R1",
            "person_id": "P1",
            "kind": "away",
            "effective_on": "2019-01-01",
            "until": "2019-07-01",
            "to_region": "220100",
            "to_hospital": "H220100",
            "reason": "随子女居住",
        },
    ),
    "fine.imposed.v1": (
        BUREAU,
        {
            "fine_id": "F1",
            "hospital_id": "H2206213",
            "amount": "20000.00",
            "imposed_on": "2019-07-01",
            "reason": "虚增费用",
            "clause": "社会保险法第八十七条",
            "replaces": "F0",
        },
    ),
    "resettlement.ordered.v1": (
        "ledger/claims",
        {
            "scheme": "shanggao",
            "scheme_hash": "0123456789abcdef" * 4,
            "since": "2019-07-01",
            "persons": ["P1", "P2"],
            "actor": "王芳",
        },
    ),
}
OPTIONAL = {
    "hospital.registered.v1": {"designated_until", "kind"},
    "hospital.suspended.v1": {"clause"},
    "fine.imposed.v1": {"clause", "replaces"},
    "chronic_card.issued.v1": {"on_site", "corrects"},
    "chronic_card.revoked.v1": {"corrects"},
    "audit.found.v1": {"part"},
    "enrollment.recorded.v1": {"effective_on", "self_paid"},
    "enrollment.recorded.v2": {
        *("effective_on", "self_paid", "birth_month", "sex", "household_id", "township", "village"),
        *("contracted_doctor", "years_insured"),
    },
    "admission.recorded.v1": {"referred_from", "filed", "emergency", "stay_kind"},
    "admission.changed.v1": {"admitted_on", "diagnoses", "filed", "emergency", "stay_kind"},
    "referral.filed.v1": {"until", "to_region", "to_hospital"},
    "discharge.recorded.v1": {"disease", "stage", "prepaid"},
    "interim.recorded.v1": {"disease", "stage", "prepaid"},
    "outpatient.recorded.v1": {"disease", "stage", "prescribed_by", "prepaid", "emergency", "stay_kind"},
    "bill.submitted.v1": {
        *("submitted_by", "hospital_name", "hospital_tier", "hospital_region", "referred_from", "filed", "disease"),
        *("stage", "prescribed_by", "prepaid", "emergency", "stay_kind"),
    },
    "advance.issued.v1": {"lent_by", "filed_on"},
}

NEEDED = {("bill.submitted.v1", "admitted_on"): "data must have admitted_on for a stay, and for nothing else"}
"""What is told of a field that only some events of its type need; else that it is missing."""


def short(value: object) -> str:
    return repr(value)[:30]


def event(type_: str, **changes: Any) -> dict[str, Any]:
    source, data = EXAMPLES[type_]
    return {"specversion": "1.0", "id": "e-1", "source": source, "type": type_, "data": data} | changes


def with_data(type_: str, **changes: Any) -> dict[str, Any]:
    return event(type_, data=EXAMPLES[type_][1] | changes)


def take(sent: dict[str, Any] | str | bytes, mailbox: str | None = None) -> Fact:
    if isinstance(sent, dict):
        mailbox = mailbox or sent.get("source")
        sent = json.dumps(sent, ensure_ascii=False)
    return read(sent if isinstance(sent, bytes) else sent.encode(), mailbox or HOSPITAL)


def refused(sent: dict[str, Any] | str | bytes, mailbox: str | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        take(sent, mailbox)
    return caught.value


# Facts


GOOD = json.dumps(event("claim.reversed.v1"))


def altered(**changes: Any) -> dict[str, Any]:
    return event("claim.reversed.v1", **changes)
