"""top-up, worked by hand from docs/domain.md#top_up: pay max(0, round(g × total) − paid so far)."""

from pathlib import Path

import pytest
from hypothesis import given

from events.money import yuan
from policies.loader import SchemeError, load_text
from policies.rules.top_up import TopUp
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, rule

OF_TOTAL = rule(TopUp, to=always("90%"))
OF_IN_SCOPE = rule(TopUp, to=always("90%"), base="in_scope")


@pytest.mark.parametrize(
    ("s", "o", "before", "paid"),
    [
        ("0", "0", "0", "0.00"),
        ("1461.60", "2000", "16538.40", "1461.60"),  # 20,000 × 90% − 16,538.40
        ("100", "0", "900", "0.00"),  # 1,000 × 90%: exactly reached
        ("100.01", "0", "899.99", "0.01"),
        ("99.99", "0", "900.01", "0.00"),  # passed: nothing, not less
        ("0.05", "0", "0", "0.05"),  # 4.5 fen, up
        ("0.04", "0", "0", "0.04"),  # 3.6
    ],
)
def test_up_to_a_part_of_the_total(s: str, o: str, before: str, paid: str) -> None:
    assert pays(OF_TOTAL, bill(s, "0", o, paid=before)) == paid


@pytest.mark.parametrize(
    ("s", "o", "before", "paid"),
    [
        ("200", "5000", "800", "100.00"),  # (200 + 800) × 90% − 800: O does not count
        ("100", "5000", "900", "0.00"),
        ("0.05", "5000", "0", "0.05"),
    ],
)
def test_up_to_a_part_of_what_was_in_scope(s: str, o: str, before: str, paid: str) -> None:
    assert pays(OF_IN_SCOPE, bill(s, "0", o, paid=before)) == paid


def test_the_total_is_the_bill_after_audits() -> None:
    # 2,000 less 500 is 1,500: × 90% − 1,000
    assert pays(OF_TOTAL, bill("500", "0", "500", paid="1000", audits=[("500", "hospital")])) == "350.00"
    # all of O, then 300 of S: what was in scope is 1,500 − 300 after them
    assert pays(OF_IN_SCOPE, bill("500", "0", "500", paid="1000", audits=[("800", "person")])) == "80.00"


def test_it_takes_from_s_then_c_then_o() -> None:
    # 3,000 × 90% − 1,000 = 1,700: S 600, C 700, O 400
    opened = bill("600", "700", "700", paid="1000")
    assert yuan(decide(OF_TOTAL, opened).base) == "2000.00"
    assert left(opened) == ("0.00", "0.00", "300.00")
    # 600 × 90% = 540 of S 600
    opened = bill("600", "0", "0")
    decide(OF_TOTAL, opened)
    assert left(opened) == ("60.00", "0.00", "0.00")


@BOUNDED
@given(FEN, FEN, FEN, FEN)
def test_the_goal_is_reached_and_never_passed(s: int, c: int, o: int, before: int) -> None:
    opened = bill(yuan(s), yuan(c), yuan(o), paid=yuan(before))
    paid = decide(OF_TOTAL, opened).paid
    assert before + paid == max(before, (9 * (s + c + o + before) + 5) // 10)
    assert sum(opened.left) == s + c + o - paid


def test_only_the_layers_that_it_reads_count() -> None:
    before, other = (rule(TopUp, to=always("90%"), reads=[layer]) for layer in ("basic", "assistance"))
    # 90% of 1,000 is 900; basic paid 500 of it
    assert pays(before, bill("500", paid="500")) == "400.00"
    # nothing that it reads has paid: no more than is left
    assert pays(other, bill("500", paid="500")) == "500.00"


def test_it_reads_layers_that_stand_before_it() -> None:
    text = (Path(__file__).parents[3] / "docs" / "examples" / "city.yaml").read_text(encoding="utf-8")
    for reads in ("[assistance, backstop]", "[supplementary]", "[nobody]", "[]"):
        with pytest.raises(SchemeError) as refused:
            load_text(text.replace("reads: [basic]", f"reads: {reads}").encode(), "city.yaml")
        assert "reads" in str(refused.value)
