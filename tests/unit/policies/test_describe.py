"""What a clerk is shown of a text before he adopts it."""

import pytest

from policies.describe import changes
from policies.loader import SCHEMES, load_text

TEXT = (SCHEMES / "fusong.yaml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> list[tuple[str, str, str]]:
    assert TEXT.count(old) == 1, old
    before, after = (load_text(text.encode(), "county.yaml") for text in (TEXT, TEXT.replace(old, new)))
    return list(changes(before, after))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "\nvalid:",
            "\ninsurance_types: [employee_active]\nvalid:",
            ("insurance_types", "resident", "employee_active"),
        ),
        ('regions: ["220621"]', 'regions: ["220622"]', ("regions", "220621", "220622")),
        (
            "poor: {categories: [registered_poor, destitute, orphan],",
            "poor: {categories: [registered_poor, destitute],",
            ("poor", "destitute、orphan、registered_poor", "destitute、registered_poor"),
        ),
    ],
)
def test_whom_a_text_serves_is_among_its_changes(old: str, new: str, told: tuple[str, str, str]) -> None:
    """A text that serves employees alone refuses every resident from the next claim on."""
    assert told in changed(old, new)


@pytest.mark.parametrize(
    ("option", "told"),
    [("upfront_of: total", "按总费用 of total"), ("deductible_per: year", "每年 per year")],
)
def test_how_a_value_is_taken_is_shown_and_among_the_changes(option: str, told: str) -> None:
    # 20% of what is in scope is not 20% of the bill, 300 a stay not 300 a year
    name = option.partition("_")[0]
    without = NARROW.format(option="")
    before, after = (load_text(text.encode(), "county.yaml") for text in (without, NARROW.format(option=option)))
    ((place, was, now),) = changes(before, after)
    assert (place, now) == (f"1.basic inpatient {name}", f"{was} {told}")


NARROW = """\
name: narrow
title: 某县
title_en: Some County
document: 某县办法
regions: ["990102"]
valid: {{from: 2024-01-01}}
poor: {{categories: [dibao], grade: seed, cite: "一"}}
settings:
  inpatient: [{{grade: seed, cite: "二"}}]
stages:
  - layer: basic
    cases:
      - rule: deductible_ratio_cap
        when: {{setting: inpatient}}
        track: inpatient
        {option}
        upfront: [{{value: 20%, grade: seed, cite: "三"}}]
        deductible: [{{value: 300, grade: seed, cite: "三"}}]
        ratio: [{{value: 60%, grade: seed, cite: "三"}}]
        cap: [{{value: 1000, grade: seed, cite: "三"}}]
"""
