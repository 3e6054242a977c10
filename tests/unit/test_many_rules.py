"""The books under most kinds of rule and limit together: as settling from scratch gives, and no limit is passed."""

from collections import Counter
from datetime import date

import pytest

from policies.engine import settle
from policies.loader import load_text, review
from policies.tracks import track_parts
from tests.many_rules import PEOPLE, TEXT, OnePerson, without_limits
from tests.memory import Memory

LAWS = {
    "all": TEXT,
    "no limits over layers": without_limits(TEXT, "insurance_year", "aid_quarter"),
    "no limits over years": without_limits(TEXT, "outpatient_twelve"),
    "neither": without_limits(TEXT, "insurance_year", "aid_quarter", "outpatient_twelve"),
}


def settled(seed: int, text: str) -> Memory:
    law = load_text(text.encode(), "many_rules.yaml")
    books = Memory(seed)
    books.pinned.by_hash[law.content_hash] = law
    books.pinned.current = [law]
    books.settle([*PEOPLE, *OnePerson(seed, 40).events], losses=0.05)
    return books


def test_the_text_is_sound() -> None:
    assert review(TEXT.encode(), "many_rules.yaml").refused == []


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("seed", range(8))
def test_the_books_converge(seed: int, text: str) -> None:
    books = settled(seed, text)
    assert books.differences() == []
    assert books.party_differences() == []


def test_no_limit_is_passed_and_no_deductible_borne_twice() -> None:
    """Worked out from the payouts alone, in fen. Of a month's chronic claims: 500 + 50% × 300 yuan."""
    met: Counter[str] = Counter()
    for seed in range(100, 130):
        books = settled(seed, TEXT)
        bills, _ = settle(books.pinned.by_hash, list(books.state.by_person.get("P1", {}).values()))
        sums: Counter[tuple[object, ...]] = Counter()
        visits: list[tuple[date, int]] = []
        for bill in bills.values():
            day = bill.claim.date
            for payout in bill.payouts:
                track = track_parts(payout.track).name
                if payout.layer in ("basic", "critical_illness"):
                    sums["year", 90_000_00, day.year] += payout.paid
                if payout.layer in ("assistance", "charity"):
                    sums["quarter", 4_000_00, day.year, (day.month - 1) // 3] += payout.paid
                if payout.layer == "basic" and track == "chronic":
                    sums["month", 650_00, day.year, day.month] += payout.paid
                    sums["deductible of chronic claims", 300_00, day.year] += payout.deductible
                if payout.layer == "basic" and track == "outpatient":
                    sums["visit", 80_00, bill.claim.number] += payout.paid
                    sums["deductible of visits", 100_00, day.year] += payout.deductible
                    visits.append((day, payout.paid))
        for end, _ in visits:
            begin = date(end.year - 1, end.month, min(end.day, 28) if end.month == 2 else end.day)
            sums["twelve months", 150_00, end] = sum(paid for day, paid in visits if begin < day <= end)
        for (name, most, *_), total in sums.items():
            assert total <= int(str(most)), (seed, name)
            met[str(name)] += total == most
    assert min(met[str(name)] for name in ("quarter", "month", "visit", "deductible of visits", "twelve months")) > 0
