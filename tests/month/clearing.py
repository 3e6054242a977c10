"""The bureau clears two months and pays."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from events.county_time import month_start
from processors.clearing.draft import draft
from tests.month.county import ANYI, CHANGZHI, FIRST, NEXT_MONTH, OCTOBER, SECOND, SEPTEMBER, SHANGGAO, County


def lines(shown: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    """A clearing's lines by payee and fund, without columns that are nothing."""
    columns = ("settled", "adjusted", "audit", "repaid", "payable")
    return {
        (line["payee"], line["fund"]): {name: line[name] for name in columns if line[name] != "0.00"}
        for line in shown["lines"]
    }


def payments(shown: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["payee"]: (row["amount"], row["status"]) for row in shown["payments"]}


def total(shown: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(line["payable"]) for line in shown["lines"]), Decimal())


async def booked(county: County) -> Decimal:
    """All that layers have booked under 上高's scheme, straight from the ledger."""
    ((fen,),) = await county.query(
        "SELECT sum(paid) FROM ledger.entries WHERE type LIKE 'payout.%' AND scheme = 'shanggao'"
    )
    return Decimal(fen) / 100


async def september_is_cleared_and_paid(county: County) -> None:
    waiting = {row["region"]: (row["amount"], row["draft"]) for row in await county.done("clearing", "open")}
    assert waiting == {SHANGGAO: ("79743.75", None), CHANGZHI: ("100.00", None), ANYI: ("974.00", None)}
    drafting = ("clearing", "draft", "--region", SHANGGAO, "--month", SEPTEMBER, "--actor", "wang")
    (drafted,) = await county.done(*drafting)
    assert drafted["clearing_id"] == FIRST
    assert lines(drafted) == {
        # C1 16,000 + C3 9,600 + C10 400 + C11 1,680, which H1's own correction of C11 takes back
        ("H1", "basic"): {"settled": "27680.00", "adjusted": "-1680.00", "payable": "26000.00"},
        ("H1", "assistance"): {"settled": "330.00", "payable": "330.00"},
        # C1 4,710 + C11 738; corrected: C11 1,875, of the backstop 375
        ("H1", "supplementary"): {"settled": "5448.00", "adjusted": "1137.00", "payable": "6585.00"},
        ("H1", "backstop"): {"adjusted": "375.00", "payable": "375.00"},
        # C5 65 + C6 2,700 + C8 7,200; C6 was reversed
        ("H2", "basic"): {"settled": "9965.00", "adjusted": "-2700.00", "payable": "7265.00"},
        ("H2", "supplementary"): {"settled": "1260.00", "payable": "1260.00"},
        # C2, of which the audit takes 995, and the emergency fund nothing: H3 owes it nothing
        ("H3", "basic"): {"settled": "18000.00", "audit": "-600.00", "payable": "17400.00"},
        ("H3", "critical_illness"): {"settled": "4750.00", "audit": "-200.00", "payable": "4550.00"},
        ("H3", "assistance"): {"settled": "588.75", "audit": "-15.00", "payable": "573.75"},
        ("H3", "supplementary"): {"settled": "7065.00", "audit": "-180.00", "payable": "6885.00"},
        # C3: he had paid 2,800 at the window where 280 were his
        ("P2", "supplementary"): {"adjusted": "2520.00", "payable": "2520.00"},
        # C4, prepaid
        ("P3", "basic"): {"settled": "6000.00", "repaid": "2000.00", "payable": "4000.00"},
        (SHANGGAO, "basic"): {"repaid": "-2000.00", "payable": "2000.00"},
    }
    due = {
        "H1": "33290.00",
        "H2": "8525.00",
        "H3": "29408.75",
        "P2": "2520.00",
        "P3": "4000.00",
        SHANGGAO: "2000.00",  # the emergency fund
    }
    assert payments(drafted) == {payee: (amount, "due") for payee, amount in due.items()}
    assert total(drafted) == await booked(county) == Decimal("79743.75")
    assert [(row["advance_id"], row["person_id"], row["fund"], row["amount"]) for row in drafted["repayments"]] == [
        ("L2", "P3", "basic", "2000.00")
    ]

    assert "another person must approve" in await county.refused("clearing", "approve", FIRST, "--actor", "wang")
    await county.done("clearing", "approve", FIRST, "--actor", "li")
    paying = ("clearing", "pay", FIRST, "--reference")
    assert (await county.done(*paying, "T1", "--actor", "li"))[0]["paid"] == "79743.75"
    account_closed = ("--payee", "H2", "--reason", "账户已注销")
    (back,) = await county.done("clearing", "return", FIRST, "--actor", "li", *account_closed)
    (reopened,) = await county.done("clearing", "show", FIRST)
    assert (back["due"], reopened["status"]) == ("8525.00", "approved")
    assert payments(reopened)["H2"] == ("8525.00", "returned")
    assert "another person must note" in await county.refused(*paying, "T2", "--actor", "li")
    assert (await county.done(*paying, "T2", "--actor", "zhao"))[0]["paid"] == "8525.00"  # no one else is paid again
    (county.approved,) = await county.done("clearing", "show", FIRST)
    assert county.approved["status"] == "paid"
    assert payments(county.approved) == {payee: (amount, "paid") for payee, amount in due.items()}
    assert lines(county.approved) == lines(drafted)


async def a_person_is_paid_what_he_had_paid(county: County) -> None:
    """长治 三(一)2: all of the 100 that P8 had paid before he was on the list; no one of his county was ever ill."""
    (drafted,) = await county.done("clearing", "draft", "--region", CHANGZHI, "--month", SEPTEMBER, "--actor", "wang")
    assert lines(drafted) == {("P8", "premium_refund.civil_affairs"): {"settled": "100.00", "payable": "100.00"}}
    await county.done("clearing", "approve", drafted["clearing_id"], "--actor", "li")
    paying = ("clearing", "pay", drafted["clearing_id"], "--actor", "li", "--reference", "T3")
    assert (await county.done(*paying))[0]["paid"] == "100.00"


async def october_is_cleared_and_september_stands(county: County) -> None:
    drafting = ("clearing", "draft", "--region", SHANGGAO, "--actor", "li", "--month")
    assert "has not begun" in await county.refused(*drafting, OCTOBER)
    # no command drafts it before its first day, and nothing else than the clock is set here
    clearing_id = await draft(county.engine, SHANGGAO, NEXT_MONTH, "li", now=month_start(NEXT_MONTH))
    await county.done("clearing", "approve", clearing_id, "--actor", "wang")
    (second,) = await county.done("clearing", "show", SECOND)
    assert lines(second) == {
        # C11: H1 gives back what it has after its own correction: 1,875 and 375
        ("H1", "supplementary"): {"adjusted": "-1875.00", "payable": "-1875.00"},
        ("H1", "backstop"): {"adjusted": "-375.00", "payable": "-375.00"},
        # C8, which H2 corrected: 7,200 − 5,400 and 1,260 − 1,080
        ("H2", "basic"): {"settled": "900.00", "adjusted": "-1800.00", "payable": "-900.00"},
        ("H2", "supplementary"): {"adjusted": "-180.00", "payable": "-180.00"},
        # C1: 4,710 − 4,485, for he bears what the audit found
        ("P1", "supplementary"): {"adjusted": "-225.00", "payable": "-225.00"},
    }
    nothing = ("0.00", "none")
    assert payments(second) == {"H1": nothing, "H2": nothing, "P1": nothing}
    of_c11 = {(row["payee_kind"], row["fund"]): row["amount"] for row in second["changes"] if row["claim_id"] == "C11"}
    assert of_c11 == {
        ("hospital", "supplementary"): "-1875.00",
        ("hospital", "backstop"): "-375.00",
    }
    (first,) = await county.done("clearing", "show", FIRST)
    assert first == county.approved
    assert total(first) + total(second) == await booked(county) == Decimal("76188.75")
    assert "was cleared already" in await county.refused(
        "clearing", "draft", "--region", SHANGGAO, "--month", SEPTEMBER, "--actor", "li"
    )


async def what_a_person_owes_is_paid_in(county: County) -> None:
    owed = await county.done("receivables")
    # H1: 1,875 + 375; H2: 1,800 + 180 − 900
    outstanding = {"H1": "2250.00", "H2": "1080.00", "P1": "225.00"}
    assert {row["payee"]: row["outstanding"] for row in owed} == outstanding
    by_whom_it_was_drafted = ("receivables", "settle", f"{SECOND}-person-P1", "--actor", "li", "--reference", "R1")
    assert "li drafted" in await county.refused(*by_whom_it_was_drafted)
    settling = ("receivables", "settle", f"{SECOND}-person-P1", "--actor", "zhao", "--reference")
    assert (await county.done(*settling, "R1", "--amount", "100"))[0]["outstanding"] == "125.00"
    assert "125.00 is outstanding" in await county.refused(*settling, "R2", "--amount", "125.01")
    assert (await county.done(*settling, "R2"))[0]["outstanding"] == "0.00"
    assert [row["payee"] for row in await county.done("receivables")] == ["H1", "H2"]

    async def lent() -> list[tuple[str, ...]]:
        names = ("advance_id", "person_id", "issued", "repaid", "in_cash", "outstanding")
        return [tuple(row[name] for name in names) for row in await county.done("advances")]

    # P3's out of C4's 6,000; H3 has given P1 the rest of his deposit back
    of_p3 = ("L2", "P3", "2000.00", "2000.00", "0.00", "0.00")
    assert await lent() == [("L1", "P1", "3000.00", "0.00", "0.00", "3000.00"), of_p3]
    repaying = ("advances", "repay", "L1", "--region", SHANGGAO, "--amount", "3000", "--reference", "R3", "--actor")
    assert "chen issued L1" in await county.refused(*repaying, "chen")
    assert (await county.done(*repaying, "zhao"))[0]["outstanding"] == "0.00"
    assert await lent() == [("L1", "P1", "3000.00", "3000.00", "3000.00", "0.00"), of_p3]
