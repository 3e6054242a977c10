"""安义's account of supplementary insurance over three years, by hand (二(七)); and what the loader refuses of one."""

import pytest

from policies.loader import SchemeError, load_text
from policies.scheme import SupplementaryAccount
from processors.premiums.fund_account import AccountYear, settle_years
from tests.engine import scheme

ANYI = scheme("anyi")


def account(paid_in: dict[int, int], paid_out: dict[int, int]) -> list[tuple[int, ...]]:
    """(year, carried in, premiums, operations, payouts, carried out, by government), whole yuan in and fen out."""
    kept = ANYI.supplementary_account
    assert isinstance(kept, SupplementaryAccount)
    fen = [{year: amount * 100 for year, amount in sums.items()} for sums in (paid_in, paid_out)]
    told = settle_years(ANYI, kept, *fen)
    assert all((year.ratio, year.grade) == ("6%", "seed") for year in told)
    return [
        (each.year, each.carried_in, each.premiums, each.operations, each.payouts, each.carried_out, each.by_government)
        for each in told
    ]


def test_surplus_is_carried_and_a_deficit_is_made_good_at_once() -> None:
    assert account(
        {2018: 1_000_000, 2019: 1_000_000, 2020: 500_000}, {2018: 900_000, 2019: 1_100_000, 2020: 100_000}
    ) == [
        # 1,000,000 − 60,000 − 900,000 = 40,000 left
        (2018, 0, 100_000_000, 6_000_000, 90_000_000, 4_000_000, 0),
        # 40,000 + 1,000,000 − 60,000 − 1,100,000 = −120,000: the government's
        (2019, 4_000_000, 100_000_000, 6_000_000, 110_000_000, 0, 12_000_000),
        # it begins anew: 500,000 − 30,000 − 100,000
        (2020, 0, 50_000_000, 3_000_000, 10_000_000, 37_000_000, 0),
    ]


def test_operations_are_not_taken_of_what_was_carried() -> None:
    # a year without premiums pays no operations
    assert account({2018: 100}, {2020: 10}) == [
        (2018, 0, 10_000, 600, 0, 9_400, 0),
        (2019, 9_400, 0, 0, 0, 9_400, 0),
        (2020, 9_400, 0, 0, 1_000, 8_400, 0),
    ]


def test_operations_are_rounded_once_half_up() -> None:
    kept = ANYI.supplementary_account
    assert kept is not None
    # 6% of 0.25 = 0.015
    assert settle_years(ANYI, kept, {2018: 25}, {})[0].operations == 2


def test_operations_end_at_the_sum_that_the_text_states() -> None:
    # 二(七), 6%计15万元: 6% of 2,500,000 is 150,000, of 3,000,000 it would be 180,000; both are shown
    kept = ANYI.supplementary_account
    assert kept is not None
    edge, above = settle_years(ANYI, kept, {2018: 250_000_000, 2019: 300_000_000}, {})
    assert (edge.operations, edge.operations_by_ratio, edge.operations_limit) == (15_000_000,) * 3
    assert (above.operations, above.operations_by_ratio) == (15_000_000, 18_000_000)
    assert above.carried_out == edge.carried_out + 300_000_000 - 15_000_000


def test_operations_of_a_text_that_states_no_sum_are_the_ratio_s() -> None:
    kept = ANYI.supplementary_account
    assert kept is not None
    (year,) = settle_years(ANYI, kept.model_copy(update={"operations_limit": None}), {2019: 300_000_000}, {})
    assert (year.operations, year.operations_limit, year.limit_cite) == (18_000_000, None, None)


def test_an_account_without_entries_has_no_years() -> None:
    assert account({}, {}) == []


def test_a_year_tells_money_in_yuan() -> None:
    year = AccountYear(2018, 0, 33_000, 1_980, 0, 31_020, 0, 1_980, None, "6%", "seed", "二(七)", None, None)
    told = year.json()
    assert (told["year"], told["premiums"], told["operations"], told["carried_out"], told["operations_limit"]) == (
        2018,
        "330.00",
        "19.80",
        "310.20",
        None,
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("value: 6%,", "value: 106%,", "outside 0% to 100%"),
        ("value: 6%,", "value: 6%, from: 2019-01-01,", "no value for tier 0, general from 2018-01-01 to 2018-12-31"),
        ("{value: next_year,", "{value: nobody,", "Input should be 'next_year'"),
        ("    value: government\n", "", "`value` is missing"),
        ("surplus_to:", "surplus:", "is no key that is known here"),
        (
            "supplementary_account:\n",
            "  - {layer: supplementary, for: [dibao, registered_poor], payer: poverty_alleviation_fund, value: 10,"
            ' from: 2030-01-01, grade: assumed, cite: "x"}\n\nsupplementary_account:\n',
            "poverty_alleviation_fund pays the supplementary premium of registered_poor twice",
        ),
    ],
)
def test_the_loader_is_strict(old: str, new: str, says: str) -> None:
    text = ANYI.text.decode()
    head, _, account_part = text.partition("supplementary_account:\n")
    whole = "supplementary_account:\n" + account_part
    assert old in whole
    with pytest.raises(SchemeError) as caught:
        load_text((head.rstrip("\n") + "\n" + whole.replace(old, new, 1)).encode(), "anyi.yaml")
    assert any(says in problem for problem in caught.value.problems)
    assert all(problem.startswith("anyi.yaml:") for problem in caught.value.problems)
