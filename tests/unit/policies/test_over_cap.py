"""over-cap, worked by hand from docs/domain.md#over_cap: it is paid before the bands."""

import pytest
from hypothesis import given

from events.money import yuan
from policies.rules.annual_bands import AnnualBands
from tests.rules import BOUNDED, FEN, always, bill, decide, left, rule, used

HALF = always([{"ratio": "50%"}])
OVER_CAP = rule(AnnualBands, line=always("500"), bands=HALF, cap=always("none"), over_cap_ratio=always("90%"))
CAPPED = rule(AnnualBands, line=always("500"), bands=HALF, cap=always("1000"), over_cap_ratio=always("90%"))


@pytest.mark.parametrize(
    ("s", "over_cap", "extra", "paid", "base"),
    [
        ("2000", "0", "0.00", "750.00", "2000.00"),  # (2,000 − 500) × 50%
        ("2000", "1000", "900.00", "1200.00", "1100.00"),  # 1,000 × 90%; (1,100 − 500) × 50% = 300
        ("1400", "1000", "900.00", "900.00", "500.00"),  # 500 left: at the line
        ("1400.02", "1000", "900.00", "900.01", "500.02"),  # 2 fen × 50%
        ("1000", "0.05", "0.05", "250.03", "999.95"),  # 5 × 90% = 4.5 fen, up; (999.95 − 500) × 50% = 249.975, up
        ("500", "1000", "500.00", "500.00", "0.00"),  # never more than S holds
    ],
)
def test_over_cap_is_paid_first(s: str, over_cap: str, extra: str, paid: str, base: str) -> None:
    decision = decide(OVER_CAP, bill(s, over_cap=over_cap))
    assert (yuan(decision.extra), yuan(decision.paid), yuan(decision.base)) == (extra, paid, base)


@pytest.mark.parametrize(
    ("before", "extra", "paid"),
    [
        ("0", "900.00", "1000.00"),  # 1,000 − 900 = 100 of the 300 from the bands
        ("100", "900.00", "900.00"),  # the cap is met exactly; the rest, 1,100, still enters the bands
        ("200", "800.00", "800.00"),  # over-cap itself is cut to 1,000 − 200
        ("1000", "0.00", "0.00"),
        ("1200", "0.00", "0.00"),
    ],
)
def test_over_cap_counts_to_the_year_s_cap(before: str, extra: str, paid: str) -> None:
    decision = decide(CAPPED, bill("2000", over_cap="1000"), used(paid=before))
    assert (yuan(decision.extra), yuan(decision.paid)) == (extra, paid)


def test_the_bands_go_on_from_the_year_s_base() -> None:
    # 900 over cap; 1,100 from 400 on: B(1,500 − 500) − B(0) = 500
    decision = decide(OVER_CAP, bill("2000", over_cap="1000"), used(base="400"))
    assert yuan(decision.paid) == "1400.00"


def test_it_takes_s_alone() -> None:
    opened = bill("2000", "70", "80", over_cap="1000")
    decide(OVER_CAP, opened)
    assert left(opened) == ("800.00", "70.00", "80.00")


@BOUNDED
@given(FEN, FEN, FEN)
def test_what_is_paid_and_what_enters_the_bands_are_s_at_most(s: int, over_cap: int, before: int) -> None:
    for kind in (OVER_CAP, CAPPED):
        decision = decide(kind, bill(yuan(s), over_cap=yuan(over_cap)), used(paid=yuan(before)))
        assert decision.base + decision.extra == s
        assert decision.extra <= decision.paid <= s
