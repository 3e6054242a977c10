"""From data to a fact or a refusal: each rule of the border has a case that only this rule decides."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from events import facts
from events.catalog import FACTS, Fact, Unreadable, read
from tests.intake_examples import (
    BILL,
    BUREAU,
    EXAMPLES,
    HOSPITAL,
    NEEDED,
    OPTIONAL,
    event,
    refused,
    short,
    take,
    with_data,
)


def test_there_is_an_example_of_every_type() -> None:
    assert list(EXAMPLES) == list(FACTS)


@pytest.mark.parametrize("type_", EXAMPLES)
def test_every_type_is_read_and_written_back(type_: str) -> None:
    fact = take(event(type_))
    assert (fact.type, fact.source, fact.id) == (type_, EXAMPLES[type_][0], "e-1")
    known_as = facts.EnrollmentRecorded if FACTS[type_].upcast is not None else FACTS[type_].model
    assert type(fact.data) is known_as
    written = fact.data.model_dump(mode="json", exclude_none=True)
    assert known_as.model_validate(written) == fact.data


def test_version_1_of_an_enrollment_is_of_a_resident() -> None:
    """270 yuan are 27,000 fen, once: the upcaster must not read fen as yuan again."""
    data = take(event("enrollment.recorded.v1")).data
    assert data == facts.EnrollmentRecorded.model_construct(
        person_id="P1",
        region="220621",
        year=2019,
        effective_on=date(2019, 2, 1),
        self_paid=27_000,
        insurance_type="resident",
    )
    assert data.model_fields_set == {"person_id", "region", "year", "effective_on", "self_paid", "insurance_type"}


def test_a_discharge_in_full() -> None:
    fact = take(event("discharge.recorded.v1", time="2019-05-06T10:30:00.5+08:00", actor="u7", retries=2, traceid=None))
    assert fact == Fact(
        source=HOSPITAL,
        id="e-1",
        type="discharge.recorded.v1",
        time=datetime(2019, 5, 6, 2, 30, 0, 500_000, tzinfo=UTC),
        extensions={"actor": "u7", "retries": 2},
        data=facts.DischargeRecorded.model_validate(EXAMPLES["discharge.recorded.v1"][1]),
    )
    assert isinstance(fact.data, facts.DischargeRecorded)
    assert fact.data.bill.total == 2_000_000
    assert fact.data.bill.self_funded == 200_000
    assert fact.data.discharged_on == date(2019, 5, 6)


def test_what_is_left_out_has_its_default() -> None:
    def without(type_: str, *names: str) -> facts.FactData:
        data = {name: value for name, value in EXAMPLES[type_][1].items() if name not in names}
        return take(event(type_, data=data)).data

    enrollment = without("enrollment.recorded.v1", "effective_on", "self_paid")
    assert isinstance(enrollment, facts.EnrollmentRecorded)
    assert (enrollment.effective_on, enrollment.self_paid) == (date(2019, 1, 1), None)
    admission = without("admission.recorded.v1", "filed", "referred_from")
    assert isinstance(admission, facts.AdmissionRecorded)
    assert (admission.filed, admission.referred_from) == (True, None)
    discharge = without("discharge.recorded.v1", "disease", "stage", "prepaid")
    assert isinstance(discharge, facts.DischargeRecorded)
    assert (discharge.disease, discharge.stage, discharge.prepaid) == (None, None, False)


@pytest.mark.parametrize("type_", EXAMPLES)
def test_each_field_is_needed_unless_the_domain_says_otherwise(type_: str) -> None:
    optional = OPTIONAL.get(type_, set())
    data = EXAMPLES[type_][1]
    for name in data:
        rest = {other: value for other, value in data.items() if other != name}
        if name in optional:
            take(event(type_, data=rest))
        else:
            told = NEEDED.get((type_, name), f"data.{name} is missing")
            assert refused(event(type_, data=rest)).detail == told


@pytest.mark.parametrize("type_", EXAMPLES)
def test_null_and_unknown_fields_are_refused_everywhere(type_: str) -> None:
    for name in EXAMPLES[type_][1]:
        refusal = refused(with_data(type_, **{name: None}))
        assert refusal.reason == "malformed"
        assert refusal.detail.startswith(f"data.{name} ")
    assert refused(with_data(type_, nickname="x")).detail == "data.nickname is not a field of this type"


def test_a_change_of_an_admission_says_what_changes() -> None:
    refusal = refused(event("admission.changed.v1", data={"admission_id": "A1"}))
    assert (refusal.detail, refusal.detail_zh) == ("data must say what changes", "data 须写明变更内容")


@pytest.mark.parametrize(
    ("type_", "field"), [("enrollment.recorded.v2", "household_id"), ("referral.filed.v1", "reason")]
)
def test_no_national_id_stands_in_what_is_told_of_a_person(type_: str, field: str) -> None:
    """11010519491231002X is the example of GB 11643, with its check digit."""
    source, sent = EXAMPLES[type_][0], with_data(type_, **{field: "11010519491231002X"})
    with pytest.raises(Unreadable, match=f"data.{field} looks like a national ID"):
        read(json.dumps(sent).encode(), source, arriving=True)


def test_a_filing_that_ends_as_it_begins_is_taken_back() -> None:
    take(with_data("referral.filed.v1", until="2019-01-01"))


@pytest.mark.parametrize("part", BILL)
def test_all_five_parts_of_a_bill_are_needed(part: str) -> None:
    parts = {name: value for name, value in BILL.items() if name != part}
    assert refused(with_data("claim.corrected.v1", bill=parts)).detail == f"data.bill.{part} is missing"


def test_a_bill_says_whether_it_adds_up() -> None:
    def bill(**changes: Any) -> facts.Bill:
        return facts.Bill.model_validate(BILL | changes)

    assert bill().adds_up()
    assert bill(in_scope="17000.00", upfront_copay="600", over_limit="400").adds_up()
    assert not bill(total="19999.99").adds_up()
    assert not bill(over_limit="0.01").adds_up()


@pytest.mark.parametrize(
    ("type_", "changes", "detail"),
    [
        ("hospital.registered.v1", {"tier": "3"}, "data.tier must be 0, 1, 2 or 3"),
        ("hospital.registered.v1", {"tier": True}, "data.tier must be 0, 1, 2 or 3"),
        ("hospital.registered.v1", {"tier": 4}, "data.tier must be 0, 1, 2 or 3"),
        ("hospital.registered.v1", {"tier": 2.5}, "data.tier must be 0, 1, 2 or 3"),
        ("hospital.registered.v1", {"tier": []}, "data.tier must be 0, 1, 2 or 3"),
        ("hospital.registered.v1", {"name": ""}, "data.name must not be empty"),
        ("hospital.registered.v1", {"name": " \n"}, "data.name must not be blank"),
        ("hospital.registered.v1", {"name": "院" * 501}, "data.name must have at most 500 characters"),
        ("hospital.registered.v1", {"region": "022062"}, "data.region must be a region code: six digits, the first"),
        ("hospital.registered.v1", {"region": "22062１"}, "data.region must be a region code"),
        ("hospital.registered.v1", {"hospital_id": "H.1"}, "data.hospital_id must be 1 to 128 letters, digits, - or _"),
        ("hospital.registered.v1", {"hospital_id": "H1\n"}, "data.hospital_id must be 1 to 128 letters"),
        ("hospital.registered.v1", {"hospital_id": "H" * 129}, "data.hospital_id must be 1 to 128 letters"),
        (
            "hospital.registered.v1",
            {"designated_until": "2018-01-01"},
            "data.designated_until must be after designated_from",
        ),
        ("enrollment.recorded.v1", {"year": "2019"}, "data.year must be an integer"),
        ("enrollment.recorded.v1", {"year": True}, "data.year must be an integer"),
        ("enrollment.recorded.v1", {"year": 2019.5}, "data.year must be an integer"),
        ("enrollment.recorded.v1", {"year": 1999}, "data.year must be at least 2000"),
        ("enrollment.recorded.v1", {"year": 2101}, "data.year must be at most 2100"),
        ("enrollment.recorded.v1", {"year": 10**400}, "data.year must be at most 2100"),
        ("enrollment.recorded.v1", {"self_paid": "-1"}, "data.self_paid is negative"),
        (
            "enrollment.recorded.v2",
            {"insurance_type": "居民"},
            "data.insurance_type must be a code: a small letter",
        ),
        ("enrollment.recorded.v2", {"birth_month": "1951-13"}, "data.birth_month must be a month as YYYY-MM"),
        ("enrollment.recorded.v2", {"birth_month": "1951-03-01"}, "data.birth_month must be a month as YYYY-MM"),
        ("enrollment.recorded.v2", {"sex": "f"}, "data.sex must be 'male' or 'female'"),
        ("enrollment.recorded.v2", {"township": "220621"}, "data.township must be a township code: nine digits"),
        ("enrollment.recorded.v2", {"township": "220622101"}, "data.township must begin with data.region"),
        ("enrollment.recorded.v2", {"village": "22062110120"}, "data.village must be a village code: twelve digits"),
        ("enrollment.recorded.v2", {"village": "220622101204"}, "data.village must begin with data.region"),
        ("enrollment.recorded.v2", {"village": "220621102204"}, "data.village must begin with data.township"),
        ("enrollment.recorded.v2", {"contracted_doctor": 1}, "data.contracted_doctor must be true or false"),
        ("enrollment.ended.v1", {"effective_on": "2020-01-01"}, "data.effective_on must lie in data.year"),
        ("admission.changed.v1", {"emergency": None}, "data.emergency is null: leave the field out instead"),
        ("admission.changed.v1", {"stay_kind": "Day-Surgery"}, "data.stay_kind must be a code"),
        ("referral.filed.v1", {"kind": "home"}, "data.kind must be 'away' or 'referral'"),
        ("referral.filed.v1", {"until": "2018-12-31"}, "data.until must not be before effective_on"),
        ("roster.changed.v1", {"category": "低保"}, "data.category must be a code: a small letter, then at most 39"),
        ("roster.changed.v1", {"category": "d" * 41}, "data.category must be a code: a small letter"),
        ("roster.changed.v1", {"change": "add"}, "data.change must be 'added' or 'removed'"),
        ("chronic_card.issued.v1", {"disease": "I10"}, "data.disease must be a code: a small letter"),
        ("chronic_card.issued.v1", {"disease": "flu\n"}, "data.disease must be a code: a small letter"),
        ("discharge.recorded.v1", {"disease": "1_flu"}, "data.disease must be a code: a small letter"),
        ("chronic_card.revoked.v1", {"disease_class": "i"}, "data.disease_class must be 'I' or 'II'"),
        ("admission.recorded.v1", {"diagnoses": "I63.9"}, "data.diagnoses must be a list"),
        ("admission.recorded.v1", {"diagnoses": {"I63.9": 1}}, "data.diagnoses must be a list"),
        ("admission.recorded.v1", {"diagnoses": ["E11", "脑梗"]}, "data.diagnoses[1] must be an ICD-10 code"),
        ("admission.recorded.v1", {"diagnoses": [11]}, "data.diagnoses[0] must be a string"),
        ("admission.recorded.v1", {"filed": "true"}, "data.filed must be true or false"),
        ("admission.recorded.v1", {"filed": 1}, "data.filed must be true or false"),
        ("admission.recorded.v1", {"admitted_on": "20190430"}, "data.admitted_on must be a date as YYYY-MM-DD"),
        ("admission.recorded.v1", {"admitted_on": "2019-W18-2"}, "data.admitted_on must be a date as YYYY-MM-DD"),
        ("admission.recorded.v1", {"admitted_on": "2019-04-30T00:00:00"}, "data.admitted_on must be a date as YYYY"),
        ("admission.recorded.v1", {"admitted_on": 1556582400}, "data.admitted_on must be a date as YYYY-MM-DD"),
        ("admission.recorded.v1", {"admitted_on": "2019-02-29"}, "data.admitted_on is no day of the calendar"),
        ("admission.recorded.v1", {"admitted_on": "1899-12-31"}, "data.admitted_on must lie between 1900-01-01 and"),
        ("admission.recorded.v1", {"admitted_on": "2101-01-01"}, "data.admitted_on must lie between 1900-01-01 and"),
        ("discharge.recorded.v1", {"stage": "early"}, "data.stage must be 'late'"),
        ("discharge.recorded.v1", {"prepaid": "false"}, "data.prepaid must be true or false"),
        ("discharge.recorded.v1", {"bill": []}, "data.bill must be an object"),
        ("discharge.recorded.v1", {"bill": BILL | {"tax": "0"}}, "data.bill.tax is not a field of this type"),
        ("discharge.recorded.v1", {"bill": BILL | {"total": "-1.00"}}, "data.bill.total is negative"),
        ("discharge.recorded.v1", {"bill": BILL | {"total": True}}, "data.bill.total must be yuan as a string"),
        ("discharge.recorded.v1", {"bill": BILL | {"total": 0.125}}, "data.bill.total is finer than a fen"),
        ("outpatient.recorded.v1", {"setting": "inpatient"}, "data.setting must be 'chronic', 'general' or 'pharmacy'"),
        ("outpatient.recorded.v1", {"prescribed_by": ""}, "data.prescribed_by must be 1 to 128 letters"),
        ("audit.found.v1", {"borne_by": "fund"}, "data.borne_by must be 'hospital' or 'person'"),
        ("audit.found.v1", {"amount": "1e3"}, "data.amount must be yuan as a string"),
        ("advance.issued.v1", {"amount": 100000000000}, "data.amount is too large"),
        ("resettlement.ordered.v1", {"scheme_hash": "0123"}, "data.scheme_hash must be a sha256: 64 digits"),
        ("resettlement.ordered.v1", {"persons": ["P"] * 21}, "data.persons must have at most 20 in it"),
        ("resettlement.ordered.v1", {"persons": ["P 1"]}, "data.persons[0] must be 1 to 128 letters"),
        ("advance.issued.v1", {"a\u0007b\n" + "x" * 500: 1}, 'data."a\\u0007b\\n' + "x" * 76 + '" is not a field'),
    ],
    ids=short,
)
def test_malformed_data_is_named_by_its_path(type_: str, changes: dict[str, Any], detail: str) -> None:
    refusal = refused(with_data(type_, **changes))
    assert refusal.reason == "malformed"
    assert refusal.detail.startswith(detail)
    assert "; " not in refusal.detail  # one fault, one problem
    assert refusal.identified


def test_only_the_first_three_problems_are_named() -> None:
    refusal = refused(event("discharge.recorded.v1", data={"person_id": 1, "bill": {}}))
    assert refusal.detail == (
        "data.claim_id is missing; data.admission_id is missing; data.person_id must be a string; and 6 more"
    )


def test_a_wrong_year_is_not_also_blamed_on_the_day_it_begins() -> None:
    data = {"person_id": "P1", "region": "220621", "year": 1999}
    assert refused(event("enrollment.recorded.v1", data=data)).detail == "data.year must be at least 2000"


def test_exact_json_numbers_are_money() -> None:
    text = json.dumps(event("advance.issued.v1")).replace('"5000.00"', "1.2340e1")
    fact = take(text, BUREAU)
    assert isinstance(fact.data, facts.AdvanceIssued)
    assert fact.data.amount == 1234


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    """As JSON Schema has it: 3.0 is an integer."""
    registered = take(json.dumps(with_data("hospital.registered.v1", tier=3.0)), BUREAU)
    assert isinstance(registered.data, facts.HospitalRegistered)
    assert (registered.data.tier, type(registered.data.tier)) == (3, int)
    enrolled = take(json.dumps(with_data("enrollment.recorded.v1", year=2019.0)).replace("2019.0", "2.019e3"), BUREAU)
    assert isinstance(enrolled.data, facts.EnrollmentRecorded)
    assert (enrolled.data.year, enrolled.data.effective_on) == (2019, date(2019, 2, 1))
    assert take(event("claim.reversed.v1", attempt=2.0)).extensions == {"attempt": 2}


def test_dagger_and_asterisk_codes_are_diagnoses() -> None:
    taken = take(with_data("admission.recorded.v1", diagnoses=["E10.4+", "G63.2*", "I63.900x007"])).data
    assert isinstance(taken, facts.AdmissionRecorded)
    assert taken.diagnoses == ("E10.4+", "G63.2*", "I63.900x007")


# Envelope
