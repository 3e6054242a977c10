"""The built-in parameters of rules on peers: each is cited, and the clerk's page tells each as it is."""

import re
from fractions import Fraction
from typing import Any

import pytest

from infra.words.evidence import word, worded
from policies.supervision.peer_rules import PeerRules
from policies.supervision.text import SupervisionTextError, built_in, load_supervision
from processors.supervision.rules import SUPERVISION_RULES
from tests.markdown import ROOT, page

CODES = sorted(PeerRules.model_fields)
TOLD_IN_WORDS = {"holidays", "exempt_diseases"}


def described(code: str) -> dict[str, dict[str, Any]]:
    return getattr(built_in().rules, code).described()  # type: ignore[no-any-return]


@pytest.mark.parametrize("code", CODES)
def test_the_page_tells_each_parameter(code: str) -> None:
    row = next(
        line for line in page("manuals/peer-rules.md").splitlines() if line.startswith(f"| `{code}` ") and "，" in line
    )
    told = dict(re.findall(r"`(\w+)` ([^，|]+)", row.rsplit("|", 2)[1]))
    assert told.keys() == described(code).keys()
    for name, value in described(code).items():
        if name not in TOLD_IN_WORDS:
            ratio = getattr(getattr(built_in().rules, code), name).value
            said = value["value"] if isinstance(value["value"], list) else [value["value"]]
            shown = f"{float(ratio) * 100:g}%" if isinstance(ratio, Fraction) else "、".join(map(str, said))
            assert told[name].strip() == shown, name


@pytest.mark.parametrize("code", CODES)
def test_each_value_says_where_it_comes_from(code: str) -> None:
    for value in described(code).values():
        assert value["cite"]
        assert value["grade"] in {"public", "assumed", "later", "seed"}
    assert SUPERVISION_RULES[code].of_year is not None


def test_what_a_lead_shows_has_a_chinese_word() -> None:
    folder = ROOT / "processors" / "supervision" / "rules"
    sources = [(folder / f"{code}.py").read_text(encoding="utf-8") for code in CODES]
    figures = {name for source in sources for name in re.findall(r'^            "(\w+)":', source, re.MULTILINE)}
    parameters = {name for code in CODES for name in described(code)}
    kinds = {kind for source in sources for kind in re.findall(r'"kind": "(\w+)"', source)}
    assert len(figures) > 60
    assert len(kinds) > 8
    assert [kind for kind in sorted(kinds) if worded(kind) == kind] == []
    assert [name for name in sorted(figures | parameters) if word(name) == name] == []


def adopted(rules: str) -> bytes:
    """A county's text that states some values of its own."""
    head = "name: county\ntitle: 县\ntitle_en: county\ndocument: 通知\nregions: []\nin_force_from: 2020-01-01\n"
    return f"{head}version: 1\nrules:\n{rules}".encode()


def test_a_county_states_its_own_lines_and_holidays() -> None:
    text = load_supervision(
        adopted(
            "  near_limit:\n    stay_lines: {value: [8000.00], grade: seed, cite: 县里通知}\n"
            "  period_peak:\n    holidays: {value: [2027-02-06/2027-02-12], grade: public, cite: 国办通知}\n"
        ),
        "county.yaml",
    )
    assert text.rules.near_limit.stay_lines.value == (800_000,)
    assert text.rules.near_limit.width.value == built_in().rules.near_limit.width.value
    (holiday,) = text.rules.period_peak.holidays.value
    assert str(holiday) == "2027-02-06/2027-02-12"


@pytest.mark.parametrize(
    ("value", "said"), [("[2027-02-30]", "不是日期范围"), ("[2027-02-12/2027-02-06]", "起日大于止日"), ("3", "列表")]
)
def test_what_is_no_range_of_days_is_refused(value: str, said: str) -> None:
    stated = f"  period_peak:\n    holidays: {{value: {value}, grade: public, cite: 国办通知}}\n"
    with pytest.raises(SupervisionTextError, match=said):
        load_supervision(adopted(stated), "county.yaml")
