"""From bytes to a fact or a refusal: each rule of the border has a case that only this rule decides."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codes, facts, refusals
from events.catalog import DERIVED, FACTS, Fact, Unreadable, read
from events.schemas import json_schemas

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
    "hospital.registered.v1": (
        BUREAU,
        {
            "hospital_id": "H2206213",
            "name": "抚松县人民医院",
            "tier": 2,
            "region": "220621",
            "designated_from": "2018-01-01",
            "designated_until": "2021-01-01",
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
    "enrollment.recorded.v1": (
        BUREAU,
        {"person_id": "P1", "region": "220621", "year": 2019, "effective_on": "2019-02-01", "self_paid": "270.00"},
    ),
    "roster.changed.v1": (
        "poverty-office/220621",
        {"person_id": "P1", "category": "registered_poor", "change": "added", "effective_on": "2018-01-01"},
    ),
    "person.died.v1": (BUREAU, {"person_id": "P1", "died_on": "2019-05-06"}),
    "chronic_card.issued.v1": (BUREAU, CARD),
    "chronic_card.revoked.v1": (BUREAU, CARD),
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
    "outpatient.recorded.v1": (
        HOSPITAL,
        {
            "claim_id": "C2",
            "person_id": "P1",
            "hospital_id": "H2206213",
            "served_on": "2019-05-06",
            "setting": "pharmacy",
            "disease": "hypertension",
            "prescribed_by": "H2206213",
            "bill": BILL,
            "prepaid": False,
        },
    ),
    "claim.reversed.v1": (HOSPITAL, {"claim_id": "C1", "reason": "费用有误"}),
    "claim.corrected.v1": (HOSPITAL, {"claim_id": "C1", "bill": BILL, "reason": "费用有误"}),
    "audit.found.v1": (
        BUREAU,
        {"finding_id": "F1", "claim_id": "C1", "amount": "61.00", "borne_by": "hospital", "reason": "过度治疗"},
    ),
    "advance.issued.v1": (
        BUREAU,
        {"advance_id": "V1", "person_id": "P1", "amount": "5000.00", "issued_on": "2019-04-29"},
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
    "hospital.registered.v1": {"designated_until"},
    "hospital.suspended.v1": {"clause"},
    "fine.imposed.v1": {"clause"},
    "enrollment.recorded.v1": {"effective_on", "self_paid"},
    "admission.recorded.v1": {"referred_from", "filed"},
    "discharge.recorded.v1": {"disease", "stage", "prepaid"},
    "outpatient.recorded.v1": {"disease", "prescribed_by", "prepaid"},
}


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


def test_there_is_an_example_of_every_type() -> None:
    assert list(EXAMPLES) == list(FACTS)


@pytest.mark.parametrize("type_", EXAMPLES)
def test_every_type_is_read_and_written_back(type_: str) -> None:
    fact = take(event(type_))
    assert (fact.type, fact.source, fact.id) == (type_, EXAMPLES[type_][0], "e-1")
    assert type(fact.data) is FACTS[type_].model
    written = fact.data.model_dump(mode="json", exclude_none=True)
    assert FACTS[type_].model.model_validate(written) == fact.data


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
            assert refused(event(type_, data=rest)).detail == f"data.{name} is missing"


@pytest.mark.parametrize("type_", EXAMPLES)
def test_null_and_unknown_fields_are_refused_everywhere(type_: str) -> None:
    for name in EXAMPLES[type_][1]:
        refusal = refused(with_data(type_, **{name: None}))
        assert refusal.reason == "malformed"
        assert refusal.detail.startswith(f"data.{name} ")
    assert refused(with_data(type_, nickname="x")).detail == "data.nickname is not a field of this type"


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
        ("hospital.registered.v1", {"tier": 2.0}, "data.tier must be 0, 1, 2 or 3"),
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
        ("enrollment.recorded.v1", {"year": 2019.0}, "data.year must be an integer"),
        ("enrollment.recorded.v1", {"year": 1999}, "data.year must be at least 2000"),
        ("enrollment.recorded.v1", {"year": 2101}, "data.year must be at most 2100"),
        ("enrollment.recorded.v1", {"year": 10**400}, "data.year must be at most 2100"),
        ("enrollment.recorded.v1", {"self_paid": "-1"}, "data.self_paid is negative"),
        ("roster.changed.v1", {"category": "poor"}, "data.category must be 'destitute', 'orphan', "),
        ("roster.changed.v1", {"change": "add"}, "data.change must be 'added' or 'removed'"),
        ("chronic_card.issued.v1", {"disease": "flu"}, "data.disease must be 'esophageal_cancer', "),
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


# Envelope

GOOD = json.dumps(event("claim.reversed.v1"))


def altered(**changes: Any) -> dict[str, Any]:
    return event("claim.reversed.v1", **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "a.b"},
        {"id": "a\n"},
        {"id": "é"},
        {"id": "x" * 129},
        {"source": "hospital"},
        {"source": "hospital/"},
        {"source": "/H1"},
        {"source": "hospital/H1/x"},
        {"source": "hospital/H 1"},
        {"source": "hospital/*"},
        {"type": ""},
        {"type": 1},
        {"specversion": "0.3"},
        {"specversion": 1.0},
        {"time": "2019-05-06T10:30:00"},
        {"time": "2019-05-06 10:30:00Z"},
        {"time": "2019-05-06"},
        {"time": "2019-02-30T10:30:00Z"},
        {"time": "2019-05-06T10:30:00+24:00"},
        {"time": "0001-01-01T00:00:00+08:00"},  # in UTC this is before the first year there is
        {"time": "0000-01-01T00:00:00Z"},
        {"time": 1557109800},
        {"time": ""},
        {"datacontenttype": "text/plain"},
        {"datacontenttype": "application/jsonx"},
        {"dataschema": 1},
        {"subject": ""},
        {"data": None},
        {"data": []},
        {"data": "{}"},
        {"data_base64": "e30="},
        {"Actor": "u7"},
        {"trace_id": "t"},
        {"": "x"},
        {"actor": 1.5},
        {"actor": {}},
        {"actor": ["u7"]},
        {"actor": 2**31},
    ],
    ids=short,
)
def test_malformed_envelopes(changes: dict[str, Any]) -> None:
    refusal = refused(altered(**changes), HOSPITAL)
    assert refusal.reason == "malformed"
    assert refusal.identified is not bool({"id", "source"} & set(changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "2019-05-06t10:30:00.123456789z"},
        {"time": "2019-05-06T10:30:00-00:00"},
        {"datacontenttype": "Application/JSON; charset=utf-8"},
        {"datacontenttype": "application/cloudevents+json"},
        {"dataschema": "claims-ledger/claim.reversed.v1", "subject": "P1"},
        {"time": None, "datacontenttype": None, "dataschema": None, "subject": None, "actor": None},
        {"actor": "张三", "urgent": True, "attempt": -(2**31)},
        {"data": {"claim_id": "C1", "reason": "费用有误\t😀"}},
    ],
    ids=short,
)
def test_good_envelopes(changes: dict[str, Any]) -> None:
    assert take(altered(**changes)).id == "e-1"
    assert take(json.dumps(altered(**changes))).id == "e-1"  # the same with escapes for all but ASCII


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8: byte 0"),
        (GOOD.replace("C1", "\udc80").encode("utf-8", "surrogateescape"), "not UTF-8"),
        (GOOD.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "not JSON"),
        (b"[]", "the event must be a JSON object"),
        (b"null", "the event must be a JSON object"),
        (GOOD.encode() + b"{}", "not JSON: Extra data"),
        (GOOD.replace("C1", "C\x001").encode(), "not JSON"),
        (GOOD.replace("C1", "\\u0000").encode(), "a string holds a NUL"),
        (GOOD.replace("C1", "\\ud83d").encode(), "half of a surrogate pair"),
        (GOOD.replace('"C1"', '"C1", "\\u0000": [1]').encode(), "a string holds a NUL"),
        (GOOD.replace('"C1"', '[[{"a": "\\udc00"}]]').encode(), "half of a surrogate pair"),
        (GOOD.replace('"C1"', "NaN").encode(), "NaN is no JSON number"),
        (GOOD.replace('"C1"', "-Infinity").encode(), "-Infinity is no JSON number"),
        (GOOD.replace('"C1"', "9" * 5000).encode(), "an integer has too many digits"),
        (GOOD.replace('"C1"', "1e99999999999999999999").encode(), "exponent is out of range"),
        (GOOD.replace('"C1"', "[" * 100_000 + "]" * 100_000).encode(), "nested too deeply"),
        (GOOD.replace('"C1"', '"C1", "claim_id": "C2"').encode(), "claim_id is stated twice"),
        (GOOD.replace('"id"', '"id": "e-0", "\\u0069d"').encode(), "id is stated twice"),
        (GOOD.replace('"C1"', '"C1", "\\ud800": 1, "\\ud800": 2').encode(), '"\\\\ud800" is stated twice'),
    ],
    ids=short,
)
def test_bytes_that_are_no_event(raw: bytes, detail: str) -> None:
    refusal = refused(raw)
    assert refusal.reason == "malformed"
    assert re.search(detail, refusal.detail)
    refusal.detail.encode()


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (b"{", (None, None, None, False)),
        (GOOD.replace("C1", "\\u0000"), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"C1"', "NaN"), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"C1"', '"C1", "claim_id": "C2"'), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"e-1"', '"e-1", "id": "e-2"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"e.1"'), (HOSPITAL, "e.1", "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"\\u0000"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"\\ud800"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', "7"), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"' + "x" * 301 + '"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace(HOSPITAL, "hospital/H9"), ("hospital/H9", "e-1", "claim.reversed.v1", False)),
        (GOOD.replace("claim.reversed.v1", "claim.lost.v1"), (HOSPITAL, "e-1", "claim.lost.v1", True)),
        ("[" * 100_000, (None, None, None, False)),
        ("[1]", (None, None, None, False)),
    ],
    ids=short,
)
def test_what_is_known_of_a_refused_event(raw: str | bytes, known: tuple[object, ...]) -> None:
    refusal = refused(raw)
    assert (refusal.source, refusal.event_id, refusal.type, refusal.identified) == known


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100)
@given(
    type_=st.sampled_from(list(EXAMPLES)),
    where=st.data(),
    value=json_values,
)
def test_one_changed_value_is_read_or_refused_and_nothing_else(type_: str, where: st.DataObject, value: Any) -> None:
    sent = json.loads(json.dumps(event(type_)))
    part = where.draw(st.sampled_from([sent, sent["data"], sent["data"].get("bill", sent)]))
    part[where.draw(st.sampled_from([*part, "extra"]))] = value
    try:
        read(json.dumps(sent).encode(), EXAMPLES[type_][0])
    except Unreadable as refusal:
        detail = refusal.detail
    else:
        return
    assert "is not valid" not in detail  # the words for faults without words of their own
    assert len(detail) < 2000
    detail.encode()


@given(raw=st.binary(max_size=40), cut=st.integers(0, len(GOOD)), length=st.integers(0, 3))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes, cut: int, length: int) -> None:
    damaged = GOOD.encode()[:cut] + raw + GOOD.encode()[cut + length :]
    for sent in (raw, damaged):
        try:
            read(sent, HOSPITAL)
        except Unreadable as refusal:
            refusal.detail.encode()


# Order of reasons, and who may say what


def test_the_first_reason_that_applies_is_given() -> None:
    def reason(sent: dict[str, Any], mailbox: str | None = None) -> str:
        return refused(sent, mailbox).reason

    other = "bureau/360123"
    assert reason(altered(type="claim.lost.v1", id="a.b")) == "malformed"
    assert reason(altered(type="claim.lost.v1", data={}), other) == "unknown_type"
    assert reason(altered(type="claim.reversed", source="nobody/x")) == "unknown_type"
    assert reason(altered(source="nobody/x", data={})) == "malformed"
    assert reason(altered(data={"claim_id": "C1", "reason": ""}), other) == "malformed"
    assert reason(altered(), other) == "source_not_allowed"
    assert reason(with_data("admission.recorded.v1", hospital_id="H9", filed=1)) == "malformed"


@pytest.mark.parametrize("type_", sorted(DERIVED))
def test_what_the_ledger_writes_nobody_else_may(type_: str) -> None:
    refusal = refused(altered(type=type_, data={"anything": None}))
    assert (refusal.reason, refusal.identified) == ("source_not_allowed", True)


def every_kind() -> Iterator[tuple[str, str, bool]]:
    allowed = {
        "hospital": {
            "admission.cancelled.v1",
            "admission.recorded.v1",
            "discharge.recorded.v1",
            "outpatient.recorded.v1",
            "claim.reversed.v1",
            "claim.corrected.v1",
        },
        "bureau": {
            "hospital.registered.v1",
            "hospital.suspended.v1",
            "hospital.reinstated.v1",
            "enrollment.recorded.v1",
            "person.died.v1",
            "fine.imposed.v1",
            "chronic_card.issued.v1",
            "chronic_card.revoked.v1",
            "claim.reversed.v1",
            "audit.found.v1",
            "advance.issued.v1",
        },
        "civil-affairs": {"roster.changed.v1", "person.died.v1"},
        "poverty-office": {"roster.changed.v1"},
        "ledger": {"resettlement.ordered.v1"},
        "Bureau": set(),
    }
    for kind, types in allowed.items():
        for type_ in EXAMPLES:
            yield kind, type_, type_ in types


@pytest.mark.parametrize(("kind", "type_", "allowed"), list(every_kind()))
def test_who_may_say_what(kind: str, type_: str, allowed: bool) -> None:
    source = f"{kind}/{ {'hospital': 'H2206213', 'ledger': 'claims'}.get(kind, '220621') }"
    if allowed:
        assert take(event(type_, source=source)).source == source
    else:
        assert refused(event(type_, source=source)).reason == "source_not_allowed"


def test_only_the_ledger_itself_orders_of_itself() -> None:
    other = refused(event("resettlement.ordered.v1", source="ledger/220621"))
    assert (other.reason, other.detail) == (
        "source_not_allowed",
        "resettlement.ordered.v1 comes from ledger/claims, not from ledger/220621",
    )
    forged = refused(event("resettlement.ordered.v1"), "hospital/H1")
    assert (forged.reason, forged.identified) == ("source_not_allowed", False)


def test_a_source_speaks_through_its_own_subject_only() -> None:
    refusal = refused(altered(), "hospital/H22062130")
    assert (refusal.reason, refusal.identified) == ("source_not_allowed", False)


@pytest.mark.parametrize("source", ["civil-affairs/fusong", "poverty-office/022062", "poverty-office/2206210"])
def test_offices_are_regions(source: str) -> None:
    assert refused(event("roster.changed.v1", source=source)).reason == "source_not_allowed"


@pytest.mark.parametrize("type_", ["admission.recorded.v1", "outpatient.recorded.v1"])
def test_a_hospital_speaks_only_of_itself(type_: str) -> None:
    refusal = refused(event(type_, source="hospital/H9"))
    assert refusal.reason == "source_not_allowed"
    assert "data.hospital_id" in refusal.detail


@pytest.mark.parametrize(
    ("bureau", "region", "allowed"),
    [
        ("220621", "220621", True),
        ("220621", "220622", False),
        ("220600", "220621", True),
        ("220600", "220721", False),
        ("220000", "220621", True),
        ("220000", "230621", False),
        ("140400", "140400", True),
        ("140421", "140400", False),
        ("221000", "221001", True),  # pairs, not single zeros: 2210, not 221
        ("221000", "221101", False),
        ("220620", "220621", False),
    ],
)
def test_a_bureau_enrolls_only_its_own_region(bureau: str, region: str, allowed: bool) -> None:
    sent = with_data("enrollment.recorded.v1", region=region) | {"source": f"bureau/{bureau}"}
    if allowed:
        assert take(sent).source == f"bureau/{bureau}"
    else:
        assert refused(sent).reason == "source_not_allowed"


def test_a_bureau_registers_hospitals_elsewhere() -> None:
    take(with_data("hospital.registered.v1", region="360123"))


# Codes and schemas


def test_every_code_has_a_name() -> None:
    assert list(codes.CATEGORY_NAMES) == list(codes.CATEGORY_ORDER)
    assert list(codes.SETTING_NAMES) == list(codes.SETTINGS)
    assert list(codes.LAYER_NAMES) == list(codes.LAYERS)
    assert list(refusals.REASON_NAMES) == list(refusals.REASONS)
    assert len(codes.DISEASE_CODES) == 32


def test_there_is_one_schema_per_type() -> None:
    schemas = json_schemas()
    assert list(schemas) == list(FACTS)
    assert len({schema["$id"] for schema in schemas.values()}) == len(schemas)


@pytest.mark.parametrize("type_", EXAMPLES)
def test_schemas_say_what_the_models_check(type_: str) -> None:
    schema = json_schemas()[type_]
    data = schema["properties"]["data"]
    assert data["additionalProperties"] is False
    assert set(data["properties"]) == set(EXAMPLES[type_][1])
    assert set(data["required"]) == set(data["properties"]) - OPTIONAL.get(type_, set())
    assert "null" not in json.dumps({"data": data, "$defs": schema["$defs"]})
    source = schema["properties"]["source"]["pattern"]
    assert re.search(source, EXAMPLES[type_][0])
    assert not re.search(source, "nobody/220621")
    for reference in re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(data)):
        assert reference in schema["$defs"]


def test_many_keys_with_one_stated_twice_at_the_end_are_refused_in_one_pass() -> None:
    # looked for by counting each name, this takes longer than a test may
    keys = ",".join(f'"k{number}":1' for number in range(400_000))
    with pytest.raises(Unreadable, match="last is stated twice"):
        read(f'{{{keys},"last":1,"last":2}}'.encode(), "hospital/H1")
