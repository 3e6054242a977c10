"""Premiums with made-up rows (docs/domain.md#5); the counties' own are in tests/cases/test_premiums.py."""

from datetime import date

import pytest
from hypothesis import given

from events.money import parse_yuan, yuan
from policies.premiums import cover, premiums_due
from policies.scheme import PremiumRule
from tests.engine import scheme
from tests.rules import BOUNDED, FEN

DAY = date(2019, 1, 1)


def premium(layer: str, payer: str, value: str, *for_: str, **more: object) -> PremiumRule:
    return PremiumRule.model_validate(
        {"layer": layer, "payer": payer, "value": value, "for": for_, "grade": "assumed", "cite": "made up", **more}
    )


ROWS = [
    premium("basic", "assistance_fund", "130", "registered_poor", refund_self_paid=True),
    premium("basic", "county_finance", "140", "registered_poor", refund_self_paid=True),
    premium("basic", "assistance_fund", "270", "destitute"),
    premium("supplementary", "county_finance", "100", "registered_poor", "dibao"),
]


def due(
    *held: str, rows: list[PremiumRule] = ROWS, self_paid: str = "0", day: date = DAY
) -> list[tuple[str, str, str, str]]:
    """(layer, kind, payer, yuan) of what is due."""
    found = premiums_due(scheme("fusong").model_copy(update={"premiums": rows}), day, held, parse_yuan(self_paid))
    return [(each.layer, each.kind, each.payer, yuan(each.amount)) for each in found]


def test_basic_is_subsidised_and_every_other_layer_purchased() -> None:
    assert due("registered_poor") == [
        ("basic", "subsidised", "assistance_fund", "130.00"),
        ("basic", "subsidised", "county_finance", "140.00"),
        ("supplementary", "purchased", "county_finance", "100.00"),
    ]


def test_of_each_layer_the_first_category_that_has_rows_counts() -> None:
    # destitute stands before registered_poor and has a row in basic, none in supplementary
    assert due("registered_poor", "destitute") == [
        ("basic", "subsidised", "assistance_fund", "270.00"),
        ("supplementary", "purchased", "county_finance", "100.00"),
    ]
    assert due("veteran", "dibao") == [("supplementary", "purchased", "county_finance", "100.00")]
    assert due("veteran") == []
    assert due() == []


@pytest.mark.parametrize(
    ("self_paid", "refunds"),
    [
        ("0", []),
        ("0.01", [("assistance_fund", "0.01")]),
        ("130", [("assistance_fund", "130.00")]),  # exactly the first row's
        ("130.01", [("assistance_fund", "130.00"), ("county_finance", "0.01")]),
        ("270", [("assistance_fund", "130.00"), ("county_finance", "140.00")]),
        ("300", [("assistance_fund", "130.00"), ("county_finance", "140.00")]),  # no more than the premium
    ],
)
def test_what_the_person_paid_is_refunded_row_by_row(self_paid: str, refunds: list[tuple[str, str]]) -> None:
    basic = [each for each in due("registered_poor", self_paid=self_paid) if each[0] == "basic"]
    assert [(payer, amount) for _, kind, payer, amount in basic if kind == "refunded"] == refunds
    assert [kind for _, kind, *_ in basic].count("subsidised") == 2  # a refund is no further expense of the payer


def test_only_a_row_that_says_so_refunds() -> None:
    assert due("destitute", self_paid="270") == [("basic", "subsidised", "assistance_fund", "270.00")]


def test_rows_are_those_of_the_first_day_of_the_cover() -> None:
    rows = [
        premium("basic", "civil_affairs", "180", "dibao", until="2019-01-01"),
        premium("basic", "civil_affairs", "220", "dibao", **{"from": "2019-01-01"}),
    ]
    for day, amount in ((date(2018, 12, 31), "180.00"), (DAY, "220.00"), (date(2019, 12, 31), "220.00")):
        assert due("dibao", rows=rows, day=day) == [("basic", "subsidised", "civil_affairs", amount)]


@pytest.mark.parametrize(
    ("effective_on", "died_on", "days"),
    [
        ("2018-12-01", None, ("2019-01-01", "2019-12-31")),  # enrolled ahead of the year
        ("2019-12-31", None, ("2019-12-31", "2019-12-31")),
        ("2020-01-01", None, None),
        ("2019-02-01", "2019-02-01", ("2019-02-01", "2019-02-01")),  # the day of death is insured
        ("2019-02-01", "2019-01-31", None),
        ("2019-02-01", "2020-01-01", ("2019-02-01", "2019-12-31")),
        ("2018-12-01", "2018-12-31", None),
    ],
)
def test_the_days_insured(effective_on: str, died_on: str | None, days: tuple[str, str] | None) -> None:
    found = cover(2019, date.fromisoformat(effective_on), None if died_on is None else date.fromisoformat(died_on))
    assert found == (None if days is None else tuple(map(date.fromisoformat, days)))


@BOUNDED
@given(FEN)
def test_refunds_are_what_the_person_paid_up_to_the_premium(self_paid: int) -> None:
    refunds = [amount for _, kind, _, amount in due("registered_poor", self_paid=yuan(self_paid)) if kind == "refunded"]
    assert sum(map(parse_yuan, refunds)) == min(self_paid, 270_00)
