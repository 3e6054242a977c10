"""Which fund pays a layer, a grant or a premium's insurance: as a scheme states it, else as is usual."""

import pytest

from policies.describe import describe
from policies.funds import FUND_NAMES, FUNDS, USUAL, BookedFund
from policies.loader import SCHEMES, SchemeError, load_directory, load_text
from policies.scheme import Scheme

ANYI = (SCHEMES / "anyi.yaml").read_bytes()
FUNDS_TEXT = """
funds:
  critical_illness: {fund: critical_illness, insurer: 甲保险公司, grade: assumed, cite: 协议}
  public_health: {fund: charity, grade: assumed, cite: 协议}
  annual: {fund: poverty_alleviation_fund, grade: assumed, cite: 协议}
""".encode()


def loaded(more: str) -> Scheme:
    return load_text(ANYI + more.encode(), "anyi.yaml")


def test_a_text_without_funds_is_paid_as_before() -> None:
    scheme = load_text(ANYI, "anyi.yaml")
    assert {name: scheme.fund_of(name).fund for name in (*scheme.path, "annual")} == {
        "basic": "basic_fund",
        "critical_illness": "critical_illness",
        "supplementary": "supplementary",
        "assistance": "assistance_fund",
        "public_health": "public_health",
        "temporary_aid": "civil_affairs",
        "backstop": "county_finance",  # 二(八): 由县级政府建立第五道保障线
        "annual": "county_finance",  # 二(八): 由县财政给予1万元补助
    }


def test_a_scheme_states_its_funds_and_insurers() -> None:
    scheme = load_text(ANYI + FUNDS_TEXT, "anyi.yaml")
    assert scheme.fund_of("critical_illness") == BookedFund("critical_illness", "甲保险公司")
    assert scheme.fund_of("public_health") == BookedFund("charity")
    assert scheme.fund_of("annual") == BookedFund("poverty_alleviation_fund")
    assert scheme.fund_of("basic") == BookedFund("basic_fund")
    shown = [row for row in describe(scheme) if row["where"] == "funds"]
    assert [(row["name"], row["for"], row["value"]) for row in shown] == [
        ("critical_illness", "甲保险公司", "大病保险资金 critical_illness"),
        ("public_health", "", "慈善 charity"),
        ("annual", "", "财政专项扶贫资金 poverty_alleviation_fund"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("basic: {fund: basic_fund, insurer: 甲, grade: seed, cite: x}", "不由保险公司承办"),
        ("basic: {fund: lottery, grade: seed, cite: x}", "funds.basic"),
        ("basic_second: {fund: basic_fund, grade: seed, cite: x}", "pays nothing by basic_second"),
        ("one_off: {fund: county_finance, grade: seed, cite: x}", "pays nothing by one_off"),
        ("basic: {fund: basic_fund}", "grade"),
    ],
)
def test_a_wrong_fund_is_told_with_its_line(line: str, said: str) -> None:
    with pytest.raises(SchemeError) as caught:
        loaded(f"\nfunds:\n  {line}\n")
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"anyi.yaml:{len(ANYI.splitlines()) + 3}:")


@pytest.mark.parametrize("scheme", load_directory(), ids=lambda scheme: scheme.name)
def test_every_fund_of_a_shipped_scheme_has_a_name(scheme: Scheme) -> None:
    paid = {scheme.fund_of(name).fund for name in (*scheme.path, *(grant.kind for grant in scheme.grants))}
    assert paid | {row.payer for row in scheme.premiums} <= FUND_NAMES.keys()
    assert set(USUAL.values()) <= set(FUNDS) == set(FUND_NAMES)
