"""A scheme's values as a county's law keeper reads them: where each stands and for whom, in Chinese beside the file."""

import re
from collections.abc import Mapping

from infra.files.case_file import PLACES
from infra.words.reports import TARGET_NAMES
from policies.claim_facts import named
from policies.explain import VALUE_NAMES
from processors.law.terms import (
    CATEGORY_NAMES,
    DISEASE_NAMES,
    FUND_NAMES,
    INSURER_NAMES,
    LAYER_NAMES,
    SETTING_NAMES,
    NameChain,
)

_PARTS: Mapping[str, str] = {
    "grants": "补助",
    "annual": "年度补助",
    "one_off": "一次性补助",
    "premiums": "保费",
    "funds": "付款基金",
    "supplementary_account": "补充保险账户",
    "fund_accounts": "资金账户",
    "kept": "设立和核算",
    "surplus_to": "结余归入",
    "deficit_borne_by": "亏损由谁承担",
    "emergency_fund": "临时救急基金",
    "targets": "目标",
    "cost_growth": "医疗总费用增长",
    "disease_cost_growth": "定额病种次均费用增长",
    "administration": "其他规定",
    "limits": "限额",
    "visit": "每次",
    "day": "每日",
    "month": "每月",
    "quarter": "每季",
    "half_year": "每半年",
    "year": "每年",
    "twelve_months": "十二个月",
    "case_quota": "病种定额付费",
    "chronic_list": "门诊慢特病目录",
    "poor": "优惠对象",
    "regions": "统筹区",
    "insurance_types": "参保类型",
    "valid": "有效期",
    "category_order": "救助对象次序",
    **{place: name for name, place in PLACES.items() if place},
    **{name: chinese for name, (chinese, _) in VALUE_NAMES.items()},
}
_WORDS = NameChain(_PARTS, LAYER_NAMES, SETTING_NAMES, CATEGORY_NAMES, DISEASE_NAMES, FUND_NAMES, INSURER_NAMES)
_TIER, _CLASS = re.compile(r"\btier ([0-9,]+)"), re.compile(r"\bclass (I+)")
_FACT = re.compile(
    r"\b(?:(?:age|stay|total|in_scope|insurance_type|stay_kind) [\w.,-]+|household\b|contracted_doctor\b|emergency\b)"
)
_WORD = re.compile(r"(?<![A-Za-z0-9_])[a-z][a-z0-9_]*")


def place_text(place: str) -> str:
    """Where a value stands, or for whom it holds: the Chinese of each word of ours, then the words."""
    if not place:
        return ""
    text = _CLASS.sub(r"\1类", _TIER.sub(r"\1级", place))
    text = _FACT.sub(lambda found: (named(found[0]) or found)[0], text)
    chinese = _WORD.sub(lambda found: _WORDS.get(found[0], found[0]), text)
    return place if chinese == place else f"{chinese} {place}"


def value_name_text(place: str, name: str) -> str:
    """What a value at a place is, in Chinese and by its name in the file."""
    known = {**_PARTS, **TARGET_NAMES} if place == "targets" else _WORDS
    return f"{known[name]} {name}" if name in known else name
