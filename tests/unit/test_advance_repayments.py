"""What a clearing takes to repay advances, in fen; numbers are places in the person's ledger order."""

from datetime import date

from processors.clearing.advance_repayments import repay
from processors.clearing.counterparties import Party
from processors.clearing.payee_amounts import ClaimSummary, PayeeAmount
from projections.advances import Advance

Taken = list[tuple[str, str, int]]


def claim(number: int, day: int = 5, *, outside: bool = False, person: str = "P1") -> ClaimSummary:
    return ClaimSummary(f"C{number}", person, number, "H1", date(2019, 3, day), outside)


def paid(of: ClaimSummary, amount: int, fund: str = "basic", party: Party = "person") -> PayeeAmount:
    return PayeeAmount(party, of.person_id if party == "person" else "H1", fund, "settled", amount, of)


def advance(id_: str = "L1", day: int = 1, person: str = "P1") -> Advance:
    return Advance("360923", id_, 1, person, 0, date(2019, 3, day), "bureau", None)


def taken(owed: list[tuple[Advance, int]], booked: list[PayeeAmount], **balances: int) -> Taken:
    return [(each.advance.advance_id, each.fund, each.amount) for each in repay(owed, booked, balances)]


def test_only_what_is_payable_to_the_person_for_his_own_claims_repays() -> None:
    booked = [
        paid(claim(1, outside=True), 500, party="hospital"),
        paid(claim(2, person="P2"), 900),
        paid(claim(3), 300),
        PayeeAmount("person", "P1", "grant", "settled", 5000),
    ]
    assert taken([(advance(), 1000)], booked, P1=5300, P2=900) == [("L1", "basic", 300)]


def test_claims_outside_the_region_repay_first_then_ledger_order() -> None:
    """L1's 650: C2 outside 100 + 400, C4 outside 150 of 200; L2 has the rest: C4's 50, then C1 before C3."""
    booked = [
        paid(claim(3), 70),
        paid(claim(1), 30, "assistance"),
        paid(claim(4, outside=True), 200, "assistance"),
        paid(claim(2, outside=True), 400, "critical_illness"),
        paid(claim(2, outside=True), 100),
    ]
    assert taken([(advance("L1"), 650), (advance("L2"), 1000)], booked, P1=800) == [
        ("L1", "basic", 100),
        ("L1", "critical_illness", 400),
        ("L1", "assistance", 150),
        ("L2", "assistance", 80),
        ("L2", "basic", 70),
    ]


def test_claims_from_before_the_loan_do_not_repay_it() -> None:
    booked = [paid(claim(1, day=4), 300), paid(claim(2, day=5), 20)]
    assert taken([(advance(day=5), 1000)], booked, P1=320) == [("L1", "basic", 20)]


def test_no_fund_repays_more_than_its_own_line() -> None:
    """Basic brings 300 - 250 = 50, though C1 alone brings 300; 90 of assistance are another fund's money."""
    booked = [paid(claim(1), 300), paid(claim(2), -250), paid(claim(1), 90, "assistance")]
    assert taken([(advance(), 1000)], booked, P1=140) == [("L1", "basic", 50), ("L1", "assistance", 90)]
    before_the_loan = [paid(claim(1, day=1), -250), paid(claim(2, day=5), 300)]
    assert taken([(advance(day=5), 1000)], before_the_loan, P1=50) == [("L1", "basic", 50)]
    twice = [(advance("L1"), 30), (advance("L2"), 30)]
    assert taken(twice, booked[:2], P1=50) == [("L1", "basic", 30), ("L2", "basic", 20)]


def test_no_more_is_taken_than_claims_bring_and_than_there_is_to_pay() -> None:
    taken_back = [paid(claim(1), 300), paid(claim(1), -200, "assistance")]
    assert taken([(advance(), 1000)], taken_back, P1=5100) == [("L1", "basic", 100)]  # the grant's 5,000 are his
    assert taken([(advance(), 1000)], [paid(claim(1), 300)], P1=40) == [("L1", "basic", 40)]
    assert taken([(advance(), 1000)], [paid(claim(1), 300)], P1=-40) == []
    assert taken([(advance(), 80)], [paid(claim(1), 300)], P1=300) == [("L1", "basic", 80)]
