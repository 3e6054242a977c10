"""Grants with made-up values (docs/domain.md#annual_grant); the counties' own are in tests/cases/test_grants.py."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import parse_yuan, yuan
from policies.grants import AnnualGrant, AnyGrant, GrantClaim, OneOffGrant, grants_due
from tests.rules import BOUNDED, FEN

CITED = {"grade": "assumed", "cite": "made up for the test"}
ANNUAL = AnnualGrant.model_validate(
    {"kind": "annual", "diseases": ["epilepsy"], "threshold": "1000", "amount": "300", **CITED}
)
ONE_OFF = OneOffGrant.model_validate({"kind": "one_off", "diseases": ["epilepsy"], "amount": "500", **CITED})


def settled(number: int, share: str = "0", **facts: Any) -> GrantClaim:
    """A settled stay of a poor person for a listed disease; ``share`` is the patient's, in yuan."""
    known: dict[str, Any] = {
        "day": date(2019, 6, 1),
        "setting": "inpatient",
        "disease": "epilepsy",
        "late": False,
        "poor": True,
        "scheme": "first",
    }
    return GrantClaim(claim_id=f"C{number}", number=number, share=parse_yuan(share), **known | facts)


def due(*claims: GrantClaim, grants: list[AnyGrant]) -> list[tuple[int | None, str, str]]:
    """(year, claim, yuan) of the grants due."""
    found = grants_due(claims, {"first": grants, "second": grants})
    return [(grant.year, grant.claim_id, yuan(grant.amount)) for grant in found]


@pytest.mark.parametrize(
    ("shares", "claim"),
    [
        (["1000"], None),  # exactly the threshold is not over it
        (["1000.01"], "C1"),
        (["400", "600"], None),
        (["400", "600", "0.01"], "C3"),
        (["400", "600.01", "5000"], "C2"),  # once a year, at the claim that goes over
        (["1000", "0"], None),
    ],
)
def test_an_annual_grant_falls_to_the_claim_that_goes_over(shares: list[str], claim: str | None) -> None:
    claims = [settled(number, share) for number, share in enumerate(shares, start=1)]
    assert due(*claims, grants=[ANNUAL]) == ([] if claim is None else [(2019, claim, "300.00")])


@pytest.mark.parametrize("facts", [{"poor": False}, {"disease": "diabetes"}, {"disease": None}])
def test_an_annual_grant_counts_only_what_it_lists(facts: dict[str, Any]) -> None:
    assert due(settled(1, "1000", **facts), settled(2, "1000"), grants=[ANNUAL]) == []
    assert due(settled(1, "1000.01", **facts), grants=[ANNUAL]) == []


def test_an_annual_grant_counts_each_year_for_itself_in_any_setting() -> None:
    claims = [
        settled(1, "1000", day=date(2018, 12, 31)),
        settled(2, "1000", day=date(2019, 1, 1)),
        settled(3, "0.01", day=date(2019, 12, 31), setting="chronic"),
    ]
    assert due(*claims, grants=[ANNUAL]) == [(2019, "C3", "300.00")]


@pytest.mark.parametrize(
    "facts", [{"late": False}, {"poor": False}, {"setting": "chronic"}, {"disease": "diabetes"}, {"disease": None}]
)
def test_a_one_off_grant_asks_for_every_condition(facts: dict[str, Any]) -> None:
    assert due(settled(1, **{"late": True} | facts), grants=[ONE_OFF]) == []


def test_a_one_off_grant_is_given_once_in_a_life_whatever_the_patient_s_share() -> None:
    claims = [settled(number, late=True, day=date(2017 + number, 6, 1)) for number in (1, 2, 3)]
    assert due(*claims, grants=[ONE_OFF]) == [(None, "C1", "500.00")]


def test_a_new_version_of_the_scheme_gives_no_second_one() -> None:
    claims = [settled(1, "2000", late=True), settled(2, "2000", late=True, scheme="second")]
    assert due(*claims, grants=[ANNUAL, ONE_OFF]) == [(2019, "C1", "300.00"), (None, "C1", "500.00")]


def test_a_dated_grant_counts_and_pays_from_its_first_day_and_before_its_last() -> None:
    dated = ANNUAL.model_copy(update={"from_": date(2019, 3, 1), "until": date(2019, 9, 1)})
    for day, counts in (("2019-02-28", False), ("2019-03-01", True), ("2019-08-31", True), ("2019-09-01", False)):
        claims = [settled(1, "1000.01", day=date.fromisoformat(day))]
        assert bool(due(*claims, grants=[dated])) is counts


@BOUNDED
@given(st.lists(FEN, max_size=6), st.randoms(use_true_random=False))
def test_a_year_is_granted_once_exactly_when_its_shares_go_over(shares: list[int], order: Any) -> None:
    claims = [settled(number, yuan(share)) for number, share in enumerate(shares, start=1)]
    handed = order.sample(claims, len(claims))
    assert due(*handed, grants=[ANNUAL]) == due(*claims, grants=[ANNUAL])
    assert len(due(*claims, grants=[ANNUAL])) == (sum(shares) > 1000_00)
