"""Where a person bears less of a larger bill: found with its range, and nowhere in what is continuous."""

from pathlib import Path

import pytest

from policies.loader import falling_shares, load_file, load_text
from policies.monotony import falls
from policies.scheme import Scheme
from tests.engine import LOADED

ROOT = Path(__file__).parents[3]
LAKE = (ROOT / "tests" / "data" / "schemes" / "lake.yaml").read_text(encoding="utf-8")
RATIOS = LAKE[LAKE.index("        ratio:") : LAKE.index("        cap:")]
ROW = '          - {{{}value: {}, grade: seed, cite: "七"}}\n'


def with_ratios(*rows: tuple[str, str]) -> Scheme:
    text = LAKE.replace(RATIOS, "        ratio:\n" + "".join(ROW.format(*row) for row in rows), 1)
    return load_text(text.encode(), "lake.yaml")


def test_a_higher_ratio_from_a_size_on_is_found_with_its_range() -> None:
    scheme = with_ratios(("", "60%"), ("total: {from: 50000}, ", "80%"))
    found = falls(scheme).found
    # first stay: 49,999.99 − 60% × 49,399.99 = 20,360.00; 50,000 − 80% × 49,400 = 10,480.00;
    # 20% of x + 480 is 20,360.00 again where x = 99,400, less 0.02 that round away
    first = next(fall for fall in found if fall.share == 2_036_000)
    assert (first.case, first.size, first.at, first.least) == ((0, 0), 4_999_999, 5_000_000, 1_048_000)
    assert first.until is not None
    assert abs(first.until - 9_940_000) <= 2
    told = [line for line in falling_shares(scheme.text, "lake.yaml") if "20360.00" in line]
    line = scheme.text.decode()[: scheme.text.decode().index("      - rule")].count("\n") + 1
    assert told[0].startswith(f"lake.yaml:{line}: stages[0].cases[0]: 费用由 49999.99 元增到 50000.00 元")
    assert "至 993" in told[0] or "至 994" in told[0]


def test_it_is_found_where_only_a_place_or_category_has_it() -> None:
    place = with_ratios(("", "60%"), ("place: elsewhere, ", "50%"), ("place: elsewhere, total: {from: 50000}, ", "80%"))
    assert {fall.sample.claim.hospital_region[:2] for fall in falls(place).found} == {"98"}
    group = with_ratios(("", "60%"), ("for: dibao, ", "70%"), ("for: dibao, total: {from: 50000}, ", "90%"))
    assert {fall.sample.claim.categories for fall in falls(group).found} == {("dibao",)}


CITY = (ROOT / "docs" / "examples" / "city.yaml").read_text(encoding="utf-8")
TOP = '{value: 80%, grade: seed, cite: "办法 二十二"}'


def topping_up_to(ratio: str, reads: str = "reads: [basic]") -> str:
    assert CITY.count(TOP) == CITY.count("reads: [basic]") == 1
    return CITY.replace(TOP, TOP.replace("80%", ratio)).replace("reads: [basic]", reads)


def test_a_top_up_that_leaves_out_what_others_pay_is_found_where_only_some_place_falls() -> None:
    # not filed basic pays 72%; beside 60% of the 28% that it leaves, 85% − 72% make 101.8%, 83.2% − 72% just 100%
    found = falls(load_text(topping_up_to("85%").encode(), "city.yaml")).found
    assert {fall.case for fall in found} == {(2, 0)}
    assert {(fall.sample.claim.hospital_region[:2], fall.sample.claim.filed) for fall in found} == {("98", False)}
    assert falls(load_text(topping_up_to("83.2%").encode(), "city.yaml")).found == []
    assert falls(load_text(topping_up_to("85%", "reads: [basic, assistance]").encode(), "city.yaml")).found == []
    told = list(falling_shares(topping_up_to("85%").encode(), "city.yaml"))
    line = CITY[: CITY.index("      - rule: top_up")].count("\n") + 1
    assert all(each.startswith(f"city.yaml:{line}: stages[2].cases[0]: ") and "unfiled" in each for each in told)


def test_it_is_found_where_only_a_later_day_or_an_age_has_it() -> None:
    dated = with_ratios(
        ("until: 2024-06-01, ", "60%"),
        ("from: 2024-06-01, ", "60%"),
        ("from: 2024-06-01, total: {from: 50000}, ", "80%"),
    )
    assert {str(fall.sample.claim.date) for fall in falls(dated).found} == {"2024-06-01"}
    aged = with_ratios(("", "60%"), ("age: {from: 70}, ", "65%"), ("age: {from: 70}, total: {from: 50000}, ", "85%"))
    assert {fall.sample.claim.age for fall in falls(aged).found} == {70}


def test_a_lower_ratio_from_a_size_on_is_no_fall() -> None:
    assert falls(with_ratios(("", "60%"), ("total: {from: 50000}, ", "50%"))).found == []


@pytest.mark.parametrize("name", LOADED)
def test_of_the_shipped_schemes_only_a_case_quota_falls(name: str) -> None:
    # 安义: basic pays as usual within the quota, so beyond a bill of about 35,000 it alone pays more than is shared
    told = falls(LOADED[name])
    assert {fall.sample.quota for fall in told.found} == ({True} if name == "anyi" else set())
    assert told.tried == told.of


def test_the_examples_do_not_fall() -> None:
    for name in ("city", "county", "district", "limits"):
        assert falls(load_file(ROOT / "docs" / "examples" / f"{name}.yaml")).found == []
