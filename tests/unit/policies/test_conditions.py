"""Cases and rows that ask for facts of a claim, on a made-up county: what holds, what goes before what."""

from pathlib import Path
from typing import Any

import pytest

from policies.claim import Claim
from policies.claim_facts import named, words
from policies.engine import settle
from policies.explain import line, render
from policies.loader import SchemeError, by_hash, load_text, review
from policies.scheme import Scheme
from tests.engine import claim, decided, outcome

TEXT = (Path(__file__).parents[2] / "data" / "schemes" / "lake.yaml").read_text(encoding="utf-8")
INPATIENT = TEXT[TEXT.index("      - rule") : TEXT.index("\n      - rule", TEXT.index("cap:")) + 1]
CITED = 'grade: seed, cite: "七"'
ROW = "          - {age: {from: 60}, value: "


def law(text: str = TEXT) -> Scheme:
    return load_text(text.encode(), "lake.yaml")


LAW = law()


def stay(number: int = 1, in_scope: str = "1600", scheme: Scheme = LAW, **facts: Any) -> Claim:
    return claim(scheme, "2024-05-01", in_scope=in_scope, number=number, **facts)


def basic(*claims: Claim, scheme: Scheme = LAW) -> list[str]:
    return [each["basic"] for each in outcome(*claims, law=scheme)]


def refused(text: str) -> list[str]:
    try:
        return review(text.encode(), "lake.yaml").refused
    except SchemeError as error:
        return error.problems


def test_the_text_is_sound() -> None:
    assert review(TEXT.encode(), "lake.yaml")[1:] == ([], [])


def test_the_deductible_falls_with_the_number_of_the_stay() -> None:
    # (1,600 − 600), (1,600 − 300), (1,600 − 0), (1,600 − 0), each × 70%
    assert basic(*(stay(number) for number in (1, 2, 3, 4))) == ["700.00", "910.00", "1120.00", "1120.00"]


def test_a_reversed_stay_and_a_visit_are_no_stays_of_the_year() -> None:
    first = stay(1, standing=False)
    visit = claim(LAW, "2024-05-01", in_scope="100", setting="general", number=2)
    # the visit 100 × 50%; then the first stay that stands
    assert basic(first, visit, stay(3), stay(4)) == ["50.00", "700.00", "910.00"]


def test_stays_are_counted_where_only_a_case_asks_for_their_number() -> None:
    no_row = TEXT.replace("- {stay: 2,", "- {age: {from: 98, to: 98},").replace("stay: {from: 3}", "age: {from: 99}")
    second = law(no_row.replace("when: {setting: inpatient}", "when: {setting: inpatient, stay: 2}", 1))
    first_stay, second_stay = outcome(stay(1, scheme=second), stay(2, scheme=second), law=second)
    assert first_stay == decided(patient="1600.00")
    assert second_stay["basic"] == "700.00"  # (1,600 − 600) × 70%: no row asks for the stay


def test_the_count_begins_anew_each_year() -> None:
    later = claim(LAW, "2025-01-02", in_scope="1600", number=2)
    assert basic(stay(1), later, stay(3)) == ["700.00", "700.00", "910.00"]


@pytest.mark.parametrize(
    ("region", "age", "pays"),
    [
        # (1,600 − 600) × the ratio
        ("990101", None, "700.00"),  # nobody knows the age: the row without one
        ("990101", 59, "700.00"),
        ("990101", 60, "750.00"),
        ("990102", 59, "600.00"),  # the prefecture, outside the county
        ("990102", 60, "650.00"),
        ("990201", 60, "650.00"),  # no row is for the province: the rows without a place
    ],
)
def test_a_ratio_by_age_and_place(region: str, age: int | None, pays: str) -> None:
    assert basic(stay(hospital_region=region, age=age)) == [pays]


@pytest.mark.parametrize(
    ("insurance_type", "doctor", "pays"),
    [
        ("employee_retired", None, "80.00"),
        ("employee_retired", True, "80.00"),
        ("resident", None, "50.00"),
        ("resident", False, "50.00"),
        ("resident", True, "60.00"),
    ],
)
def test_a_case_by_insurance_type_and_a_ratio_by_doctor(insurance_type: str, doctor: bool | None, pays: str) -> None:
    visit = claim(
        LAW,
        "2024-05-01",
        in_scope="100",
        setting="general",
        insurance_type=insurance_type,
        contracted_doctor=doctor,
    )
    assert basic(visit) == [pays]


def with_ratio(condition: str) -> Scheme:
    """60%, and 80% where a condition holds."""
    ratios = TEXT[TEXT.index("        ratio:") : TEXT.index("        cap:")]
    row = '          - {{{}value: {}, grade: seed, cite: "七"}}\n'
    return law(
        TEXT.replace(ratios, "        ratio:\n" + row.format("", "60%") + row.format(f"{condition}, ", "80%"), 1)
    )


def test_the_size_of_a_bill_is_that_after_audits() -> None:
    scheme = with_ratio("total: {from: 2000}")
    # 2,000 is from 2,000 on; audited down to 1,999.99 it is not
    assert basic(stay(in_scope="2000", scheme=scheme), scheme=scheme) == ["1120.00"]  # 1,400 × 80%
    audited = stay(in_scope="2000", scheme=scheme, audits=[("0.01", "hospital")])
    assert basic(audited, scheme=scheme) == ["839.99"]  # 1,399.99 × 60% = 839.994
    scheme = with_ratio("in_scope: {from: 2000}")
    assert basic(stay(in_scope="1999.99", self_funded="500", scheme=scheme), scheme=scheme) == ["839.99"]


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        ("emergency: true", {"emergency": True}),
        ("household: true", {"household_id": "HH1"}),
        ("stay_kind: [day_surgery, maternity]", {"stay_kind": "maternity"}),
        ("insurance_type: employee_retired", {"insurance_type": "employee_retired"}),
    ],
)
def test_each_fact_is_asked_for_in_rows_and_in_cases(condition: str, facts: dict[str, Any]) -> None:
    scheme = with_ratio(condition)
    assert basic(stay(scheme=scheme, **facts), scheme=scheme) == ["800.00"]  # 1,000 × 80%
    assert basic(stay(scheme=scheme), scheme=scheme) == ["600.00"]
    unless = f"when: {{setting: inpatient}}\n        unless: {{{condition}}}"
    scheme = law(TEXT.replace("when: {setting: inpatient}", unless))
    assert "basic" not in outcome(stay(scheme=scheme, **facts), law=scheme)[0]
    assert basic(stay(scheme=scheme), scheme=scheme) == ["700.00"]


def test_a_case_by_place() -> None:
    scheme = law(TEXT.replace("when: {setting: inpatient}", "when: {setting: inpatient, place: [county, unfiled]}"))
    assert basic(stay(scheme=scheme), scheme=scheme) == ["700.00"]
    away: dict[str, Any] = {"hospital_region": "990201", "scheme": scheme}
    assert basic(stay(filed=False, **away), scheme=scheme) == ["600.00"]
    assert outcome(stay(filed=True, **away), law=scheme) == [decided(patient="1600.00")]
    # whoever is enrolled for a prefecture is in no county that is known
    at_large = stay(scheme=scheme, hospital_region="990100")
    assert at_large.region == "990101"
    assert outcome(at_large, law=scheme) == [decided(patient="1600.00")]


FAULTS = [
    # of an age nobody knows there is no ratio
    ("{value: 60%,", "{age: {to: 59}, value: 60%,", "age unknown"),
    # 60 is in both
    ("- {age: {from: 60}, value: 65%,", "- {age: {to: 60}, value: 61%, " + CITED + "}\n" + ROW + "65%,", "two values"),
    # at 60 and in the second stay each row asks for what the other leaves out
    ("- {stay: 2,", "- {age: {from: 60}, value: 500, " + CITED + "}\n          - {stay: 2,", "two values"),
    # retired employees have no ratio
    ("{value: 50%,", "{insurance_type: employee_active, value: 50%,", "no value"),
    ("stay: {from: 3}", "stay: {from: 4, to: 3}", "range is empty"),
    ("stay: {from: 3}", "stay: {from: 0}", "range is empty"),
    ("stay: {from: 3}", "stay: three", "no whole number"),
    ("stay: {from: 3}", "stay: {above: 3}", "a range has"),
    ("age: {from: 60}", "age: {from: 1000}", "too large"),
    ("stay: {from: 3}", "total: 3", "a range has"),
    ("place: county", "place: village", "place"),
]


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_what_no_claim_could_be_settled_by_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    assert any(says in each for each in refused(TEXT.replace(old, new, 1)))


def test_a_case_that_asks_for_age_needs_one_for_an_age_that_is_not_known() -> None:
    narrow = TEXT.replace("when: {setting: general}", "when: {setting: general, age: {from: 6}}")
    (told,) = refused(narrow)
    assert "年龄不详" in told
    assert "age unknown" in told


def test_a_case_for_some_alone_is_told() -> None:
    narrow = TEXT.replace("when: {setting: general}", "when: {setting: general, household: true}")
    (note,) = review(narrow.encode(), "lake.yaml").warned
    assert "no household" in note
    assert refused(narrow) == []


def test_a_case_behind_a_wider_one_and_one_for_nobody() -> None:
    wider = TEXT.replace("insurance_type: employee_retired", "insurance_type: [resident, employee_retired]")
    assert "takes all of its claims" in refused(wider)[0]
    nobody = TEXT.replace("insurance_type: employee_retired", "insurance_type: employee_active")
    assert "no claim can meet this condition" in refused(nobody)[0]
    visits = TEXT.replace("insurance_type: employee_retired", "stay: 2")
    assert "no claim can meet this condition" in refused(visits)[0]


def test_a_late_fact_moves_no_claim_to_another_track() -> None:
    small = INPATIENT.replace("when: {setting: inpatient}", "when: {setting: inpatient, total: {to: 500}}")
    assert refused(TEXT.replace(INPATIENT, small + INPATIENT)) == []
    (told,) = refused(TEXT.replace(INPATIENT, small.replace("track: inpatient", "track: small") + INPATIENT))
    assert "different tracks" in told


def test_a_deductible_of_the_year_is_one_on_its_track() -> None:
    yearly = "track: {}\n        deductible_per: year\n        deductible: [{{value: 100, grade: seed, cite: 九}}]\n"
    one = TEXT.replace("track: outpatient\n", yearly.format("outpatient"))
    assert review(one.encode(), "lake.yaml")[1:] == ([], [])
    other = one.replace("deductible: [{value: 100,", "deductible: [{value: 200,", 1)
    (note,) = review(other.encode(), "lake.yaml").warned
    assert "each counts the other's" in note


def test_what_a_row_asks_for_is_told_in_the_trace() -> None:
    bills, _ = settle(by_hash([LAW]), [stay(1), stay(2, age=70)])
    lines = [line(entry) for entry in render(LAW, bills[2].payouts[0].trace)]
    assert lines[0].startswith("起付线 deductible: 300.00（当年第2次住院 stay 2 of the year） [文件 seed] 六")
    assert "75%（年龄60周岁及以上 age 60 and more）" in lines[3]


@pytest.mark.parametrize(
    ("condition", "chinese", "english"),
    [
        ("age: {to: 5}", "年龄0至5周岁", "age 0 to 5"),
        ("stay: {from: 3}", "当年第3次及以上住院", "stay 3 and more of the year"),
        ("stay: 2", "当年第2次住院", "stay 2 of the year"),
        ("total: {from: 50000, to: 99999.99}", "医疗费总额50000.00至99999.99元", "total 50000.00 to 99999.99 yuan"),
        ("in_scope: {from: 0.01}", "政策范围内费用0.01元及以上", "in scope 0.01 and more yuan"),
        (
            "insurance_type: [resident, civil_servant]",
            "参保类型：居民、civil_servant",
            "insured as resident,civil_servant",
        ),
        ("emergency: true", "急诊", "emergency"),
    ],
)
def test_what_is_asked_for_is_named(condition: str, chinese: str, english: str) -> None:
    (asked,) = with_ratio(condition).parameters["stages[0].cases[0].ratio"].asked
    assert [named(word) for word in words(asked)] == [(chinese, english)]


@pytest.mark.parametrize(("regions", "reached"), [("990101", True), ("9901", True), ("99", True), ("990100", False)])
def test_a_scheme_of_a_prefecture_or_province_serves_counties(regions: str, reached: bool) -> None:
    text = TEXT.replace('"990101"', f'"{regions}"').replace(
        "when: {setting: inpatient}", "when: {setting: inpatient, place: county}"
    )
    assert (refused(text) == []) is reached
