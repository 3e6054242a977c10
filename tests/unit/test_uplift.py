"""What preferences are worth, by hand; and that the steps always add up to what the layers pay."""

import pytest

from policies.engine import settle
from policies.uplift import uplift
from tests.engine import HASHES, claim
from tests.histories import History
from tests.memory import Memory


def test_fusong_lower_line_higher_ratio_and_two_layers_more() -> None:
    stay = claim("fusong", "2019-05-06", in_scope="18000", self_funded="2000", categories=["registered_poor"])
    worth = uplift(HASHES, [stay])[1]
    # basic 10,320 for anybody; critical illness from 6,000: (7,680 − 6,000) × 55% = 924
    assert worth.general == 1_124_400
    assert worth.steps == (
        ("line", 165_000),  # from 3,000: 4,680 × 55% = 2,574, less 924
        ("ratios", 23_400),  # 4,680 × 60% = 2,808
        ("assistance", 341_040),
        ("backstop", 146_160),
    )


def test_jiamusi_ratios_of_both_layers_and_the_cap_over_the_year() -> None:
    first = claim("jiamusi", "2019-01-06", in_scope="60000", categories=["registered_poor"], number=1)
    # basic as anybody: 59,300 × 65% = 38,545; critical illness (21,455 − 10,000) × 50% = 5,727.50
    worth = uplift(HASHES, [first])[1]
    assert worth.general == 4_427_250
    # line 5,000: 8,227.50, +2,500; then basic 70% = 41,510, and critical illness on less: (18,490 − 5,000) × 50%
    assert worth.steps == (("line", 250_000), ("ratios", 148_250))


def test_a_case_quota_is_a_rule_of_its_own() -> None:
    case = claim("anyi", "2019-05-06", in_scope="16000", tier=2, disease="thalassemia", categories=["registered_poor"])
    worth = uplift(HASHES, [case])[1]
    assert worth.steps[-1][0] == "other_rules"
    assert worth.general + sum(amount for _, amount in worth.steps) == 1_470_000  # A1: 12,480 + 0 + 2,220


@pytest.mark.parametrize("seed", range(5))
def test_the_steps_add_up_to_what_the_layers_pay(seed: int) -> None:
    ledger = Memory(seed)
    ledger.settle(History(seed, stays=30).events)
    compared = 0
    for history in ledger.state.by_person.values():
        for name in {HASHES[each.scheme].name for each in history.values()}:
            claims = [each for each in history.values() if HASHES[each.scheme].name == name]
            bills, _ = settle(HASHES, claims)
            for number, worth in uplift(HASHES, claims).items():
                assert worth.general + sum(amount for _, amount in worth.steps) == bills[number].paid
                compared += 1
    assert compared > 10
