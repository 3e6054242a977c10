"""Fee lines priced by the catalogue: worked lines, and parts that sum to the fen whatever the line."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.catalogue.entries import Catalogue, CatalogueEntry
from processors.catalogue.fee_fields import fee_fields
from processors.catalogue.pricing import FeeLine, PricedLine, RefundTooLarge, price

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
    [found] = price([given_], on, Catalogue(entries))
    return found


def test_a_line_of_level_b_over_its_cap() -> None:
    # 3 × 12.50 = 37.50; cap 10: 3 × 2.50 = 7.50 over; 10% of 30.00 = 3.00 upfront; 27.00 in scope
    found = priced(line("37.50", "3", "12.50"), entry(price_cap=Decimal(10)))
    assert (parts(found), found.why) == ((0, 750, 300, 2700), None)


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
    of_level = priced(line("8.80"), entry(level="03", upfront_ratio=Decimal(1), price_cap=Decimal(1)))
    assert (parts(of_level), of_level.why) == ((880, 0, 0, 0), "丙类，全自费")
    unknown = priced(line("8.80", code="D2"), entry())
    assert (parts(unknown), unknown.why) == ((880, 0, 0, 0), "当日目录中没有该编码，全自费")
    early = priced(line("8.80"), entry(), on=date(2025, 12, 31))
    assert early.terms.reason == "unknown"


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
    bought, taken_back = price([first, refund], DAY, catalogue)
    assert parts(taken_back) == (0, -1, -100, -900)
    assert [sum(both) for both in zip(parts(bought), parts(taken_back), strict=True)] == [0, 0, 0, 0]
    # on a later day, after the catalogue has changed: by the terms of the line that is taken back
    changed = Catalogue([entry(upfront_ratio=Decimal(1))])
    [later] = price([refund], date(2026, 4, 1), changed, {"1": bought})
    assert parts(later) == parts(taken_back)


def test_no_refund_takes_back_more_than_is_left() -> None:
    half = line("-5.00", "-1", "5", sn="2", refunded="1")
    with pytest.raises(RefundTooLarge, match="退费明细 4 超过原明细 1 的余额"):
        price(
            [line("10.00", "2"), half, structs_with(half, "3"), structs_with(half, "4")],
            DAY,
            Catalogue([entry()]),
        )


def structs_with(of: FeeLine, sn: str) -> FeeLine:
    return FeeLine(sn, of.code, of.amount, of.count, of.price, of.refunded)


def test_the_answer_of_a_line_holds_its_identity() -> None:
    told = fee_fields(priced(line("37.50", "3", "12.50"), entry(price_cap=Decimal(10))))
    assert told == {
        "feedetl_sn": "1",
        "det_item_fee_sumamt": Decimal("37.50"),
        "cnt": 3,
        "pric": Decimal("12.50"),
        "pric_uplmt_amt": 10,
        "selfpay_prop": Decimal("0.1"),
        "fulamt_ownpay_amt": 0,
        "overlmt_amt": Decimal("7.50"),
        "preselfpay_amt": Decimal("3.00"),
        "inscp_scp_amt": Decimal("27.00"),
        "chrgitm_lv": "02",
        "med_chrgitm_type": "09",
        **dict.fromkeys(
            (
                *("bas_medn_flag", "hi_nego_drug_flag", "chld_medc_flag"),
                *("list_sp_item_flag", "lmt_used_flag", "drt_reim_flag"),
            ),
            "0",
        ),
        "memo": "",
    }
    unknown = fee_fields(priced(line("1.00", code="D2"), entry()))
    asked = ("pric_uplmt_amt", "selfpay_prop", "chrgitm_lv")
    assert [unknown[name] for name in asked] == [999_999, 1, "03"]
    assert unknown["memo"] == "当日目录中没有该编码，全自费"


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


@given(of=LINES, by=ENTRIES)
def test_the_four_parts_are_the_line(of: FeeLine, by: CatalogueEntry) -> None:
    found = priced(of, by)
    assert sum(parts(found)) == of.amount
    assert all(part >= 0 for part in parts(found))
    refund = FeeLine("1", of.code, -of.amount, -of.count, of.price)
    assert parts(priced(refund, by)) == tuple(-part for part in parts(found))


@given(of=LINES, by=ENTRIES, shares=st.lists(st.integers(0, 100), max_size=4))
def test_refunds_in_steps_leave_parts_of_what_is_left(of: FeeLine, by: CatalogueEntry, shares: list[int]) -> None:
    catalogue = Catalogue([by])
    amounts = [of.amount * share // 400 for share in shares]
    counts = [(of.count * share / 400).quantize(Decimal("0.0001"), "ROUND_DOWN") for share in shares]
    steps = [
        FeeLine(f"r{place}", of.code, -amount, -count, of.price, "1")
        for place, (amount, count) in enumerate(zip(amounts, counts, strict=True))
        if amount
    ]
    rest = FeeLine(
        "last",
        of.code,
        -of.amount - sum(s.amount for s in steps),
        -of.count - sum(s.count for s in steps),
        of.price,
        "1",
    )
    found = price([of, *steps, *([rest] if rest.amount else [])], DAY, catalogue)
    for each in found:
        assert sum(parts(each)) == each.line.amount
    if rest.amount:
        assert [sum(of_part) for of_part in zip(*map(parts, found), strict=True)] == [0, 0, 0, 0]
