"""Every trace that the engine can emit can be read by a person, under all shipped schemes."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from policies import rules
from policies.engine import settle
from policies.explain import STEP_NAMES, line, render
from tests.engine import HASHES, LOADED, claim, scheme

DISEASES = [None, "lung_cancer", "thalassemia", "schistosomiasis", "diabetes"]


def payouts(name: str, *claims: Any) -> list[Any]:
    bills, _ = settle(HASHES, claims)
    return [payout for bill in bills.values() for payout in bill.payouts]


def many_claims(name: str) -> list[Any]:
    """Two years of claims of every kind that a scheme takes, big enough to run into caps and limits."""
    kinds = product(LOADED[name].settings, (0, 1, 2, 3), DISEASES, [(), ("registered_poor",), ("destitute",)])
    return [
        claim(
            name,
            f"{2018 + number % 3}-12-{1 + number % 28:02d}",
            number=number + 1,
            setting=setting,
            tier=tier,
            disease=disease,
            categories=categories,
            late=setting == "inpatient" and number % 2 == 0,
            card_class="I" if setting == "chronic" else None,
            prescriber_tier=tier,
            in_scope=str(1000 + 30_000 * (number % 4)),
            upfront_copay="300",
            self_funded="5000",
            referral=[f"A{number}"] if setting == "inpatient" else [],
        )
        for number, (setting, tier, disease, categories) in enumerate(kinds)
    ]


@pytest.mark.parametrize("name", sorted(LOADED))
def test_every_trace_renders(name: str) -> None:
    seen = set()
    for payout in payouts(name, *many_claims(name)):
        assert payout.trace
        for entry in render(scheme(name), payout.trace):
            assert all(value or key == "layer" for key, value in entry.items())
            assert line(entry)
            seen.add(entry["kind"])
    assert seen == {"value", "step"}


@pytest.mark.parametrize("name", sorted(LOADED))
def test_every_value_of_a_scheme_renders(name: str) -> None:
    shipped = scheme(name)
    for path, parameter in shipped.parameters.items():
        for row, stated in enumerate(parameter.root):
            entry = render(shipped, [["v", path, row]])[0]
            assert entry["cite"] == stated.citation
            assert entry["path"] == f"{path}[{row}]"


def test_every_label_in_the_rules_has_a_name() -> None:
    source = "".join(path.read_text() for path in Path(rules.__file__).parent.glob("*.py"))
    labels = set(re.findall(r'trace\.step\(\s*"([a-z_]+)"', source))
    assert len(labels) > 15
    assert labels <= STEP_NAMES.keys()


def test_a_decision_reads_as_its_arithmetic() -> None:
    # F1 of docs/domain.md#7: (18,000 − 800) × 60% = 10,320
    basic = payouts("fusong", claim("fusong", "2019-05-06", in_scope="18000", categories=["registered_poor"]))[0]
    assert [line(entry) for entry in render(scheme("fusong"), basic.trace)] == [
        "起付线 deductible: 800.00 [后期 later] 本地区后期一般规定 later general rules of the prefecture",
        "本次起付线 deductible borne: min(18000.00, 800.00) = 800.00",
        "计算基数 base: 18000.00 − 800.00 = 17200.00",
        "支付比例 ratio: 60% [后期 later] 本地区后期一般规定 later general rules of the prefecture",
        "按比例应付 by ratio: 17200.00 × 60% = 10320.00",
        "封顶线 cap: 100000.00 [后期 later] 本地区后期一般规定 later general rules of the prefecture",
        "封顶线内支付 within the cap: min(10320.00, 100000.00 − 0.00) = 10320.00",
    ]


def test_bands_none_and_yes_are_spelled_out() -> None:
    fusong = scheme("fusong")
    texts = {
        entry["value"]
        for path, parameter in fusong.parameters.items()
        for row in range(len(parameter.root))
        for entry in render(fusong, [["v", path, row]])
    }
    assert "无 none" in texts
    assert "是 yes" in texts
    assert "0.00–50000.00: 60%; 50000.00–100000.00: 70%; 100000.00–150000.00: 80%; 150000.00以上 above: 90%" in texts


def test_a_tariff_is_part_of_the_trace() -> None:
    # A1 of docs/domain.md#7: thalassemia at tier 2, tariff 15,000, bill 16,000
    quota = claim("anyi", "2018-05-06", in_scope="16000", tier=2, disease="thalassemia", categories=["registered_poor"])
    lines = [line(entry) for entry in render(scheme("anyi"), payouts("anyi", quota)[0].trace)]
    assert lines[0].startswith("病种定额 tariff of the case: 15000.00 [暂定 assumed]")
    assert lines[1] == "病种定额 case quota: min(15000.00, 16000.00) = 15000.00"


@pytest.mark.parametrize("entry", [["v", "stages[0].cases[9].cap", 0], ["v", "stages[0].cases[0].cap", 7], ["x"]])
def test_an_entry_of_another_scheme_is_refused(entry: list[Any]) -> None:
    with pytest.raises(LookupError):
        render(scheme("fusong"), [entry])


def test_a_step_is_read_as_it_was_kept_at_first_too() -> None:
    """A ledger from before numbers were kept beside the expression holds it worded, and for ever."""
    now = ("a", "wish", 410_000, "{} × {}", 482_353, "85%")
    before = ("s", "wish", "4823.53 × 85%", 410_000)
    assert render(scheme("fusong"), [now]) == render(scheme("fusong"), [before])
    assert render(scheme("fusong"), [now])[0]["expression"] == "4823.53 × 85%"
