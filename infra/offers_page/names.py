"""What the page calls parts of a scheme: Chinese first, English beside it."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from events.codes import SUBMITTER_NAMES
from infra.person_file.names import CATEGORIES, GRANTS, TIERS, Names, TermPairs, disease_name
from policies.claim_facts import named
from policies.explain import STEP_NAMES, VALUE_NAMES
from processors.law.offers import CASE_QUOTA, CHRONIC_LIST

_FOR_ALL: Names = {"poor": ("优惠对象", "poor"), "general": ("均适用", "all")}
_BESIDE_LAYERS: Names = {
    CASE_QUOTA: ("病种定额付费", "case quota"),
    CHRONIC_LIST: ("门诊慢特病目录", "chronic list"),
    "grants": ("补助", "grants"),
}
GROUPS = TermPairs("categories", _FOR_ALL)
PARTS = TermPairs("layers", _BESIDE_LAYERS)
USES = TermPairs("layers", {**_BESIDE_LAYERS, **GRANTS})
VALUES: Names = {**VALUE_NAMES, **GRANTS}
PLACES: Names = {
    "county": ("本县", "in the person's county"),
    "prefecture": ("市内县外", "in the prefecture, outside the county"),
    "province": ("省内异地，已备案", "elsewhere in the province, filed"),
    "elsewhere": ("省外，已备案", "another province, filed"),
    "unfiled": ("异地未备案", "elsewhere, not filed"),
}
_WORDS: Names = {
    **_FOR_ALL,
    "late": ("晚期", "late stage"),
    "card_or_disease": ("有慢特病证或填报病种", "with a chronic card or a disease stated"),
    CASE_QUOTA: ("定额病种", "under a case quota"),
    **{f"by {code}": (name, f"claimed by the {code}") for code, name in SUBMITTER_NAMES.items()},
}
_NUMBERED: Mapping[str, tuple[str, str]] = {
    "tier": ("{}医院", "hospitals of {}"),
    "prescriber": ("处方医院为{}", "prescribed at {}"),
}
_NUMBERS = re.compile(r"(tier|prescriber) ([0-9,]+)")


def word(code: str) -> tuple[str, str]:
    """A word of a case's condition."""
    numbered = _NUMBERS.fullmatch(code)
    if numbered is not None:
        chinese, english = _NUMBERED[numbered[1]]
        told = tiers_named(map(int, numbered[2].split(",")))
        return chinese.format(told[0]), english.format(told[1])
    if code.startswith("over "):
        amount = code.removeprefix("over ")
        return f"全年个人负担超过 {amount} 元", f"own share of the year over {amount}"
    if code.startswith("class "):
        return class_named(code.removeprefix("class "))
    if code.startswith("place "):
        return PLACES[code.removeprefix("place ")]
    fact = named(code)
    if fact is not None:
        return fact
    if code in _WORDS:
        return _WORDS[code]
    return CATEGORIES[code] if code in CATEGORIES else disease_name(code)


def words(codes: Iterable[str]) -> tuple[str, str]:
    """Words that hold together."""
    return joined(map(word, codes))


def groups(codes: Iterable[str]) -> tuple[str, str]:
    """Categories of persons."""
    return joined(GROUPS[code] for code in codes)


def group(code: str, others: AbstractSet[str]) -> tuple[str, str]:
    """Whom a value is for, where others have values of their own."""
    if code == "general" and others:
        return "其他参保人", "all others"
    if code == "poor" and others - {"general"}:
        return "其他优惠对象", "others of the poor"
    return GROUPS[code]


def tiers_named(tiers: Iterable[int] | None) -> tuple[str, str]:
    """Tiers of hospitals; None is every one."""
    return ("各级", "every tier") if tiers is None else joined(TIERS[tier] for tier in tiers)


def class_named(card_class: str) -> tuple[str, str]:
    """A class of chronic cards."""
    return f"{card_class}类慢特病证", f"card of class {card_class}"


def buckets_named(buckets: str) -> tuple[str, str]:
    """Parts of a bill."""
    return STEP_NAMES[f"bucket_{buckets}"]


def joined(pairs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Several names, one after the other."""
    kept = list(pairs)
    return "、".join(chinese for chinese, _ in kept), ", ".join(english for _, english in kept)
