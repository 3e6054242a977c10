"""A scheme's file is read within bounds: what is beyond them is refused within seconds, in bounded memory."""

import time

import pytest

from policies.loader import MOST_TOLD, SCHEMES, SchemeError, load_text, review
from policies.vocabulary import DISEASES

FUSONG = (SCHEMES / "fusong.yaml").read_text(encoding="utf-8")


def doublings(of: int) -> str:
    """Under 1 KB of aliases, each twice the one before it."""
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 5)}]\n" for n in range(1, of))


BOMBS = {
    "aliases of aliases": (doublings(12), "6", "内容过多"),  # 10 × 5^11 values
    "nesting": ("name: " + "[" * 400_000, "1", "嵌套过深"),  # overran the C parser's stack: a segmentation fault
    "nested mappings": ("name: " + "{a: " * 100_000, "1", "嵌套过深"),
    "aliases within aliases": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 30)),
        "20",
        "嵌套过深",
    ),
    "size": ("# " + "x" * 1_000_001, "1", "文件过大"),
    "many values": ("regions: [" + "1, " * 30_000 + "1]", "1", "内容过多"),
    "a key that is a list": ("? [a, b]\n: c\n", "1", "键须为文字"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_text_without_bounds_is_refused_within_seconds(name: str) -> None:
    text, line, says = BOMBS[name]
    begun = time.monotonic()
    with pytest.raises(SchemeError, match=rf"^bomb.yaml:{line}: .*{says}"):
        load_text(text.encode(), "bomb.yaml")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("value", ["1e999999999", "1e-999999999", "1e9_9_9_9", "9" * 5_000])
def test_a_ratio_without_bounds_is_refused_within_seconds(value: str) -> None:
    begun = time.monotonic()
    with pytest.raises(SchemeError, match="is not a ratio"):
        load_text(FUSONG.replace("value: 85%", f"value: {value}").encode(), "bomb.yaml")
    assert time.monotonic() - begun < 10


def test_of_very_many_faults_the_first_are_told() -> None:
    text = FUSONG.replace("administration:\n", "administration:\n" + "  - {name: x}\n" * 500)
    with pytest.raises(SchemeError) as refused:
        load_text(text.encode(), "broken.yaml")
    assert len(refused.value.problems) == MOST_TOLD + 1
    assert "只列出前 100 项" in refused.value.problems[-1]


def test_a_scheme_as_large_as_the_bounds_is_reviewed_within_seconds() -> None:
    row = "    - {disease: %s, tier: %d, from: %s, until: %s, value: 1, grade: seed, cite: x}\n"
    tariff = "case_quota:\n  tariff:\n" + "".join(
        row % (disease, tier, f"{2018 + year}-01-01", f"{2019 + year}-01-01")
        for disease in sorted(DISEASES)
        for tier in (2, 3)
        for year in range(13)
    )
    text = FUSONG + tariff
    begun = time.monotonic()
    assert review(text.encode(), "large.yaml").refused  # no quota rule serves the tariff
    assert time.monotonic() - begun < 20
