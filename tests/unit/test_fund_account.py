"""安义's account of supplementary insurance over three years, by hand (二(七)); and what the loader refuses of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.fund_terms import SupplementaryAccount
from policies.loader import SchemeError, load_text
from policies.scheme import Scheme
from processors.accounts.fund_account import BESIDE, IN, OUT, Account, AccountYear, settle_years
from tests.engine import scheme

ANYI = scheme("anyi")


WHOSE = Account("anyi", "360123", "supplementary", None)


def settled(of: Scheme, whose: Account, **lines: dict[int, int]) -> list[AccountYear]:
    """The account of a fund from whole fen by line and year."""
    sums: dict[int, dict[str, int]] = {}
    for line, years in lines.items():
        for year, fen in years.items():
            sums.setdefault(year, {})[line] = fen
    return list(settle_years(of, whose, sums))


def account(paid_in: dict[int, int], paid_out: dict[int, int]) -> list[tuple[int, ...]]:
    """(year, carried in, premiums, operations, payouts, carried out, by government), whole yuan in and fen out."""
    fen = [{year: amount * 100 for year, amount in sums.items()} for sums in (paid_in, paid_out)]
    told = settled(ANYI, WHOSE, premiums=fen[0], payouts=fen[1])
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
    # 6% of 0.25 = 0.015
    assert settled(ANYI, WHOSE, premiums={2018: 25})[0].operations == 2


def test_operations_end_at_the_sum_that_the_text_states() -> None:
    # 二(七), 6%计15万元: 6% of 2,500,000 is 150,000, of 3,000,000 it would be 180,000; both are shown
    edge, above = settled(ANYI, WHOSE, premiums={2018: 250_000_000, 2019: 300_000_000})
    assert (edge.operations, edge.operations_by_ratio, edge.operations_limit) == (15_000_000,) * 3
    assert (above.operations, above.operations_by_ratio) == (15_000_000, 18_000_000)
    assert above.carried_out == edge.carried_out + 300_000_000 - 15_000_000


def test_operations_of_a_text_that_states_no_sum_are_the_ratio_s() -> None:
    kept = ANYI.supplementary_account
    assert isinstance(kept, SupplementaryAccount)
    unlimited = ANYI.model_copy(update={"supplementary_account": kept.model_copy(update={"operations_limit": None})})
    (year,) = settled(unlimited, WHOSE, premiums={2019: 300_000_000})
    assert (year.operations, year.operations_limit, year.limit_cite) == (18_000_000, None, None)


def test_an_account_without_entries_has_no_years() -> None:
    assert account({}, {}) == []


def test_a_year_tells_money_in_yuan() -> None:
    (year,) = settled(ANYI, WHOSE, premiums={2018: 33_000})
    told = year.json()
    names = ("year", "premiums", "operations", "carried_out", "operations_limit", "region")
    assert tuple(told[name] for name in names) == (2018, "330.00", "19.80", "310.20", "150000.00", "360123")


def test_a_fund_of_whose_account_the_text_says_nothing_carries_what_is_left() -> None:
    # 2019: 500 + 1,000 + 40 − 1,800 − 20 = −280, nobody's: it is carried; 2020: −280 + 300 received for it = 20
    whose = Account("liaoning", "210200", "assistance_fund", None)
    years = settled(
        scheme("liaoning"),
        whose,
        opening={2019: 500_00},
        income={2019: 1_000_00},
        fines={2019: 40_00},
        payouts={2019: 1_800_00},
        operations={2019: 20_00},
        deficit_received={2020: 300_00},
        premiums_received={2019: 77_00},
    )
    assert [(each.carried_in, each.balance, each.carried_out, each.by_government) for each in years] == [
        (0, -280_00, -280_00, 0),
        (-280_00, 20_00, 20_00, 0),
    ]
    assert [(each.operations, each.ratio, each.surplus_to, each.deficit_borne_by) for each in years] == [
        (20_00, None, None, None),
        (0, None, None, None),
    ]


def test_what_the_government_sent_for_a_deficit_stands_beside_what_it_bears() -> None:
    # 1,000 − 60 − 1,500 = −560, the government's; 500 of it came: the next year begins at 0 all the same
    first, second = settled(
        ANYI,
        WHOSE,
        premiums={2018: 1_000_00},
        payouts={2018: 1_500_00, 2019: 1_00},
        operations={2018: 55_00},
        deficit_received={2018: 500_00},
    )
    assert (first.balance, first.by_government, first.carried_out, first.deficit_received) == (
        -560_00,
        560_00,
        0,
        500_00,
    )
    assert (first.operations, first.operations_drawn) == (60_00, 55_00)
    assert (second.carried_in, second.balance) == (0, -1_00)


@given(
    st.dictionaries(
        st.integers(2018, 2022),
        st.dictionaries(st.sampled_from((*IN, *OUT, *BESIDE)), st.integers(-(10**9), 10**9)),
        min_size=1,
    )
)
def test_a_balance_is_what_was_carried_and_came_in_less_what_went_out(sums: dict[int, dict[str, int]]) -> None:
    """balance(t) = opening + in − out, over all years together, for a fund of whose account no text says anything."""
    years = list(settle_years(None, Account("x", "210200", "charity", None), sums))
    left = 0
    for year in years:
        lines = sums.get(year.year, {})
        left += sum(lines.get(name, 0) for name in IN) - sum(lines.get(name, 0) for name in OUT)
        assert (year.balance, year.carried_out) == (left, left)


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
