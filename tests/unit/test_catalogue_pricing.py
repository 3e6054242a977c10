"""Fee lines priced by the catalogue: worked lines, and parts that sum to the fen whatever the line."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from processors.catalogue.entries import Catalogue, CatalogueEntry
from processors.catalogue.fee_fields import fee_fields
from processors.catalogue.pricing import FeeLine, LineTerms, PricedLine, RefundTooLarge, StatedTerms, price, terms_of

DAY = date(2026, 3, 5)


def entry(code: str = "D1", **stated: Any) -> CatalogueEntry:
    usual: dict[str, Any] = {
        "number": 1,
        "name": "阿莫西林",
        "kind": "drug",
        "level": "02",
        "upfront_ratio": Decimal("0.1"),
        "price_cap": None,
        "charge_type": "09",
        "valid_from": date(2026, 1, 1),
    }
    return CatalogueEntry(code=code, **(usual | stated))


def line(amount: str, count: str = "1", price_: str | None = None, **stated: Any) -> FeeLine:
    """A line of an amount in yuan, its price the amount by the count unless stated."""
    fen = int(Decimal(amount).scaleb(2))
    each = Decimal(price_) if price_ is not None else abs(Decimal(amount) / Decimal(count))
    usual: dict[str, Any] = {"sn": "1", "code": "D1"}
    return FeeLine(amount=fen, count=Decimal(count), price=each, **(usual | stated))


def parts(priced: PricedLine) -> tuple[int, int, int, int]:
    return priced.self_funded, priced.over_limit, priced.upfront_copay, priced.in_scope


def priced(given_: FeeLine, *entries: CatalogueEntry, on: date = DAY) -> PricedLine:
    [found] = price([given_], by(Catalogue(entries), on))
    return found


def by(catalogue: Catalogue, on: date = DAY) -> Callable[[FeeLine], LineTerms]:
    return lambda each: terms_of(each.code, on, catalogue)


def test_a_line_of_level_b_over_its_cap() -> None:
    # 3 × 12.50 = 37.50; cap 10: 3 × 2.50 = 7.50 over; 10% of 30.00 = 3.00 upfront; 27.00 in scope
    found = priced(line("37.50", "3", "12.50"), entry(price_cap=Decimal(10)))
    assert parts(found) == (0, 750, 300, 2700)


@pytest.mark.parametrize(
    ("amount", "ratio", "expected"),
    [
        ("10.05", "0.1", (0, 0, 101, 904)),  # 1.005 is rounded up, the rest is in scope
        ("10.04", "0.1", (0, 0, 100, 904)),
        ("0.01", "0.5", (0, 0, 1, 0)),
        ("100.00", "0", (0, 0, 0, 10000)),
        ("100.00", "1", (0, 0, 10000, 0)),
        ("0.00", "0.1", (0, 0, 0, 0)),
    ],
)
def test_upfront_is_rounded_half_up_and_the_rest_is_in_scope(
    amount: str, ratio: str, expected: tuple[int, int, int, int]
) -> None:
    assert parts(priced(line(amount), entry(upfront_ratio=Decimal(ratio)))) == expected


def test_level_c_and_what_the_catalogue_lacks_are_self_funded_and_it_is_said_why() -> None:
    known = Catalogue([entry(level="03", upfront_ratio=Decimal(1), price_cap=Decimal(1))])
    for code, on, why in (
        ("D1", DAY, "丙类，全自费"),
        ("D2", DAY, "当日目录中没有该编码，全自费"),
        ("D1", date(2025, 12, 31), "当日目录中没有该编码，全自费"),
    ):
        terms = terms_of(code, on, known)
        assert (parts(PricedLine.of(line("8.80", code=code), terms)), terms.why) == ((880, 0, 0, 0), why)


def test_over_the_limit_is_never_more_than_the_line() -> None:
    # count and price that do not give the amount: 10 × (100 − 1) = 990 over, of a line of 5.00
    assert parts(priced(line("5.00", "10", "100"), entry(price_cap=Decimal(1)))) == (0, 500, 0, 0)


def test_the_entry_that_began_last_holds_until_the_next_begins() -> None:
    old = entry(valid_from=date(2025, 1, 1), upfront_ratio=Decimal("0.5"))
    new = entry(number=2, valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30))
    corrected = entry(number=3, valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30), upfront_ratio=Decimal(0))
    late = entry(number=4, valid_from=date(2024, 1, 1), upfront_ratio=Decimal(1))  # recorded last, of days long past
    known = Catalogue([late, corrected, new, old])

    def ratio(day: date) -> Decimal | None:
        found = known.on("D1", day)
        return None if found is None else found.upfront_ratio

    assert [ratio(date(2024, 12, 31)), ratio(date(2025, 12, 31)), ratio(date(2026, 1, 1))] == [1, Decimal("0.5"), 0]
    assert ratio(date(2026, 6, 30)) == 0
    assert ratio(date(2026, 7, 1)) is None  # what it ended does not come back
    assert ratio(date(2023, 12, 31)) is None


def test_a_region_s_own_entry_goes_before_that_of_all() -> None:
    everywhere = entry(number=2, valid_from=date(2026, 2, 1))
    own = entry(region="360923", upfront_ratio=Decimal("0.2"))
    found = Catalogue([everywhere, own]).on("D1", DAY)
    assert found == own


def test_a_refund_taken_back_whole_leaves_nothing_in_any_part() -> None:
    catalogue = Catalogue([entry(price_cap=Decimal("3.333"))])
    first = line("10.01", "3", "3.336667")
    refund = line("-10.01", "-3", "3.336667", sn="2", refunded="1")
    bought, taken_back = price([first, refund], by(catalogue))
    assert parts(taken_back) == (0, -1, -100, -900)
    assert [sum(both) for both in zip(parts(bought), parts(taken_back), strict=True)] == [0, 0, 0, 0]
    # on a later day, after the catalogue has changed: by the terms of the line that is taken back
    changed = Catalogue([entry(upfront_ratio=Decimal(1))])
    [later] = price([refund], by(changed, date(2026, 4, 1)), {"1": bought})
    assert parts(later) == parts(taken_back)


def test_no_refund_takes_back_more_than_is_left() -> None:
    half = line("-5.00", "-1", "5", sn="2", refunded="1")
    with pytest.raises(RefundTooLarge, match=r"退费明细 4：超过原明细 1 的余额，原明细尚余数量 0、金额 0\.00 元"):
        price(
            [line("10.00", "2"), half, structs_with(half, "3"), structs_with(half, "4")],
            by(Catalogue([entry()])),
        )


def structs_with(of: FeeLine, sn: str) -> FeeLine:
    return FeeLine(sn, of.code, of.amount, of.count, of.price, of.refunded)


def test_what_the_catalogue_says_of_a_line() -> None:
    assert fee_fields(terms_of("D1", DAY, Catalogue([entry(price_cap=Decimal(10))]))) == {
        "entry": 1,
        "pric_uplmt_amt": "10",
        "selfpay_prop": "0.1",
        "chrgitm_lv": "02",
        "med_chrgitm_type": "09",
        "memo": None,
    }
    unknown = fee_fields(terms_of("D2", DAY, Catalogue([entry()])))
    assert list(unknown.values()) == [None, "999999", "1", "03", "14", "当日目录中没有该编码，全自费"]


AMOUNTS = st.integers(0, 10**11)
COUNTS = st.integers(0, 10**8).map(lambda whole: Decimal(whole).scaleb(-4))
PRICES = st.integers(0, 10**11).map(lambda whole: Decimal(whole).scaleb(-6))
RATIOS = st.integers(0, 10**4).map(lambda whole: Decimal(whole).scaleb(-4))
ENTRIES = st.builds(
    entry,
    level=st.sampled_from(("01", "02", "03")),
    upfront_ratio=RATIOS,
    price_cap=st.none() | PRICES,
)
LINES = st.builds(
    FeeLine, sn=st.just("1"), code=st.sampled_from(("D1", "D2")), amount=AMOUNTS, count=COUNTS, price=PRICES
)


@given(of=LINES, listed=ENTRIES)
def test_the_four_parts_are_the_line(of: FeeLine, listed: CatalogueEntry) -> None:
    found = priced(of, listed)
    assert sum(parts(found)) == of.amount
    assert all(part >= 0 for part in parts(found))
    refund = FeeLine("1", of.code, -of.amount, -of.count, of.price)
    assert parts(priced(refund, listed)) == tuple(-part for part in parts(found))


TERMS = ENTRIES.map(LineTerms.of) | st.lists(st.integers(0, 10**9), min_size=4, max_size=4).map(
    lambda split: StatedTerms(sum(split), *split[:3])
)


@given(of=LINES, terms=TERMS, shares=st.lists(st.integers(0, 100), max_size=4))
def test_refunds_in_steps_leave_parts_of_what_is_left(
    of: FeeLine, terms: LineTerms | StatedTerms, shares: list[int]
) -> None:
    if isinstance(terms, StatedTerms):
        of = structs.replace(of, amount=terms.amount)
    amounts = [of.amount * share // 400 for share in shares]
    counts = [(of.count * share / 400).quantize(Decimal("0.0001"), "ROUND_DOWN") for share in shares]
    steps = [
        FeeLine(f"r{place}", of.code, -amount, -count, of.price, "1")
        for place, (amount, count) in enumerate(zip(amounts, counts, strict=True))
        if amount
    ]
    taken, counted = sum(step.amount for step in steps), sum(step.count for step in steps)
    rest = FeeLine("last", of.code, -of.amount - taken, -of.count - counted, of.price, "1")
    found = price([of, *steps, *([rest] if rest.amount else [])], lambda _: terms)
    for place, each in enumerate(found, start=1):
        assert sum(parts(each)) == each.line.amount
        assert all(sum(of_part) >= 0 for of_part in zip(*map(parts, found[:place]), strict=True))
    if rest.amount:
        assert [sum(of_part) for of_part in zip(*map(parts, found), strict=True)] == [0, 0, 0, 0]
