"""When a case of a stage applies to a claim: all that is given must hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from policies.condition import Condition
from tests.engine import claim

CHRONIC = {"setting": "chronic", "card_class": "I"}


def holds(when: dict[str, Any], *, poor: bool = False, quota: bool = False, **facts: Any) -> bool:
    subject = claim("fusong", "2019-06-01", **facts)
    return Condition.model_validate(when).holds(subject, poor=poor, quota=quota)


@pytest.mark.parametrize(
    ("when", "meets", "fails"),
    [
        ({"setting": "inpatient"}, {}, CHRONIC),
        ({"setting": ["inpatient", "chronic"]}, CHRONIC, {"setting": "general"}),
        ({"poor": True}, {"poor": True}, {"poor": False}),
        ({"member": ["dibao", "orphan"]}, {"categories": ["orphan", "veteran"]}, {"categories": ["veteran"]}),
        ({"diseases": ["schistosomiasis"]}, {"disease": "schistosomiasis"}, {"disease": "epilepsy"}),
        ({"diseases": ["schistosomiasis"]}, {"disease": "schistosomiasis"}, {"disease": None}),
        ({"late": True}, {"late": True}, {"late": False}),
        ({"tiers": [2, 3]}, {"tier": 2}, {"tier": 1}),
        ({"card_class": "I"}, CHRONIC, CHRONIC | {"card_class": "II"}),
        ({"card_class": "I"}, CHRONIC, {}),
        ({"card_or_disease": True}, {"any_card": True}, {}),
        ({"card_or_disease": True}, {"disease": "epilepsy"}, {}),
        ({"case_quota": True}, {"quota": True}, {"quota": False}),
        ({"submitted_by": "bureau"}, {"invoice": "INV1"}, {}),
        ({"submitted_by": "hospital"}, {}, {"invoice": "INV1"}),
        ({"from": "2019-06-01"}, {}, {}),  # its first day; the day before is below
    ],
)
def test_every_part_is_asked_for(when: dict[str, Any], meets: dict[str, Any], fails: dict[str, Any]) -> None:
    assert holds(when, **meets)
    if "from" in when:
        assert not holds({"from": "2019-06-02"}, **fails)
    else:
        assert not holds(when, **fails)


def test_nothing_asked_for_always_holds() -> None:
    assert holds({})


def test_all_parts_must_hold_together() -> None:
    when = {"setting": "inpatient", "poor": True, "tiers": [3]}
    assert holds(when, poor=True)
    for facts in ({"poor": False}, {"poor": True, "tier": 2}, {"poor": True} | CHRONIC):
        assert not holds(when, **facts)


@pytest.mark.parametrize(
    "when",
    [
        {"setting": "surgery"},
        {"member": ["rich"]},
        {"diseases": ["flu"]},
        {"tiers": [4]},
        {"poor": False},  # would read as "not poor", which no rule asks
        {"wealth": 60},
    ],
)
def test_what_is_not_known_is_refused(when: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(when)
