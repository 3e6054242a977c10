"""Advances are repaid out of what clearings pay the person, and in cash."""

import pytest
from sqlalchemy import text

from events.county_time import month_end
from events.decisions import ADVANCE_REPAID
from events.money import yuan
from processors.clearing import loans, steps
from processors.clearing.journal import rebuild
from processors.clearing.payee_amounts import load_prepaid_amounts
from processors.clearing.ranges import next_ranges
from processors.offices.refusal import StepRefused
from processors.registers.registers import ADVANCES
from tests import facts
from tests.clearings import MONTHS, REGION, booked, cleared, drafted, fen, holds, lines, payments, problems_after, total
from tests.facts import advance
from tests.ledger import Books
from tests.registers import listed
from tests.unit.test_contract import LISTS


async def test_an_advance_is_repaid_only_from_what_is_payable_to_the_person(books: Books) -> None:
    """Hospitals are paid whole: the one in the county that the loan was not for, and the one outside it."""
    far = {"hospital_id": "H9", "on": "2019-03-20"}
    await books.publish([facts.hospital(), facts.hospital("H9", region="220100"), facts.enrol(), facts.enrol("P2")])
    await books.publish([advance("L1", "9000", "2019-03-10"), *facts.stay(9, on="2019-03-09", prepaid=True)])
    before = await cleared(books, 0)  # only a claim from before the loan
    assert before["repayments"] == []
    # basic 5,520, 5,520 and 60% of 10,000 at a time; what stays is 4,480 a stay, over the line of 6,000 from C9 on
    await books.publish([*facts.stay(1, **far), *facts.stay(2, on="2019-03-21"), *facts.stay(3, "P2")])
    at_one_stop = await cleared(books, 1)
    assert at_one_stop["repayments"] == []
    assert {line["repaid"] for line in at_one_stop["lines"]} == {"0.00"}
    await books.publish([*facts.stay(4, prepaid=True, in_scope="1300"), *facts.stay(5, prepaid=True, **far)])
    shown = await cleared(books, 2)
    mine = {(payee, fund): line for (payee, fund), line in lines(shown).items() if payee == "P1"}
    assert {line["settled"] for line in mine.values()} == {line["repaid"] for line in mine.values()}
    repaid = sum(fen(line["repaid"]) for line in mine.values())
    assert {row["person_id"] for row in shown["repayments"]} == {"P1"}
    # the emergency fund is paid back what was taken
    assert payments(shown)[REGION] == (yuan(repaid), "due")
    assert payments(shown)["P1"] == ("0.00", "none")
    await books.publish([*facts.stay(6, prepaid=True, on="2019-05-01"), facts.roster()])
    last = await drafted(books, 3)
    assert repaid + sum(fen(row["amount"]) for row in last["repayments"]) == 9000_00
    assert all(line["payee"] == "P1" for line in last["lines"] if fen(line["repaid"]) > 0)
    assert sum(map(total, (before, at_one_stop, shown, last))) == await booked(books.engine)
    await holds(books)


async def test_of_a_person_s_claims_those_outside_his_region_repay_first(books: Books) -> None:
    """Tier 3, 60% over 800: C1 at home brings 1,200, C2 outside 600; 700 are lent."""
    await books.publish([facts.hospital(), facts.hospital("H9", region="220100"), facts.enrol()])
    await books.publish([advance("L1", "700", "2019-03-01"), *facts.stay(1, in_scope="2800", prepaid=True)])
    await books.publish(facts.stay(2, in_scope="1800", prepaid=True, hospital_id="H9"))
    async with books.engine.connect() as connection:
        ranges = await next_ranges(connection, REGION, month_end(MONTHS[0]))
        prepaid = await load_prepaid_amounts(connection, REGION, ranges, {"P1"})
    told = sorted((each.claim.claim_id, each.claim.outside, each.amount) for each in prepaid if each.claim is not None)
    assert told == [("C1", False, 1200_00), ("C2", True, 600_00)]
    assert lines(await drafted(books))["P1", "basic"] == {"settled": "1800.00", "repaid": "700.00"}


async def test_a_fund_repays_no_more_than_its_line_brings(books: Books) -> None:
    """What C1 brings is taken back in C2: basic's line is 600 - 300, though C1 brings 600."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(2, in_scope="1800", prepaid=True)])
    await cleared(books, 0)  # to P1: (1,800 - 800) x 60%
    await books.publish([facts.correct("C2", "1300")])  # (1,300 - 800) x 60% = 300
    await books.publish([advance("L1", "700"), *facts.stay(1, in_scope="1800", prepaid=True)])
    assert lines(await drafted(books, 1)) == {
        ("P1", "basic"): {"settled": "600.00", "adjusted": "-300.00", "repaid": "300.00"},
        (REGION, "basic"): {"repaid": "-300.00"},
    }
    await holds(books)


async def test_advances_are_repaid_oldest_first_and_a_withdrawn_draft_repays_none(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), advance("L2", "4000", "2019-02-02")])
    await books.publish([advance("L1", "2000", "2019-02-01"), *facts.stay(1, prepaid=True)])
    first = await drafted(books)
    repaid = {row["advance_id"]: row["amount"] for row in first["repayments"]}
    assert repaid == {"L1": "2000.00", "L2": "3520.00"}  # all of 5,520
    await steps.withdraw(books.engine, first["clearing_id"], "wang")
    again = await cleared(books)
    assert again["clearing_id"] != first["clearing_id"]
    assert again["repayments"] == first["repayments"]
    await books.publish([*facts.stay(2, prepaid=True, in_scope="3000")])
    last = await drafted(books, 1)
    assert [(row["advance_id"], row["amount"]) for row in last["repayments"]] == [("L2", "480.00")]
    await holds(books)


async def test_a_number_of_a_loan_is_used_once_by_each_bureau(books: Books) -> None:
    """A second loan under it is refused, not lost; the event sent again is the same loan."""
    await books.publish([facts.enrol(), facts.enrol("P2"), advance("L1", "3000"), advance("L1", "3000")])
    other = advance("L1", "70") | {"source": "bureau/220622"}
    # within one batch of intake as beside the table
    await books.publish([advance("L1", "5000", person="P2"), other, advance("L2", "10"), advance("L2", "20")])
    assert await books.refused() == [("advance-L1-5000", "duplicate_advance"), ("advance-L2-20", "duplicate_advance")]
    lent = {(row["region"], row["advance_id"]): row["issued"] for row in await listed(books.engine, ADVANCES)}
    assert lent == {(REGION, "L1"): "3000.00", ("220622", "L1"): "70.00", (REGION, "L2"): "10.00"}
    await holds(books)


async def test_what_is_repaid_in_cash_is_not_taken_again(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), advance("L1", "3000"), *facts.stay(1, prepaid=True)])
    engine = books.engine

    async def in_cash(amount: int, id_: str = "L1", region: str = REGION) -> int:
        return await loans.repay_in_cash(engine, region, id_, amount, "li", f"receipt {amount}")

    assert await in_cash(1000_00) == 2000_00
    for amount in (2000_01, 0):
        with pytest.raises(StepRefused, match=r"2000\.00 is outstanding of L1"):
            await in_cash(amount)
    for unknown in (("L9", REGION), ("L1", "360923")):
        with pytest.raises(StepRefused, match="was issued in region"):
            await in_cash(1, *unknown)
    shown = await drafted(books)
    assert {row["advance_id"]: row["amount"] for row in shown["repayments"]} == {"L1": "2000.00"}
    with pytest.raises(StepRefused, match=r"0\.00 is outstanding"):  # what a draft takes is taken
        await in_cash(1)
    await steps.withdraw(engine, shown["clearing_id"], "wang")
    assert await in_cash(500_00) == 1500_00
    await cleared(books)
    (row,) = await listed(engine, ADVANCES, person="P1")
    assert {name: row[name] for name in ("issued", "repaid", "in_cash", "outstanding")} == {
        "issued": "3000.00",
        "repaid": "3000.00",
        "in_cash": "1500.00",
        "outstanding": "0.00",
    }
    await holds(books)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections.advance_receipts SET amount = amount - 1"))
    assert (await rebuild(engine))["advance_receipts"] == 2
    await holds(books)


async def test_more_repaid_in_cash_than_was_lent_is_found(books: Books) -> None:
    await books.publish([facts.enrol(), advance("L1", "3000")])
    data = {"region": REGION, "advance_id": "L1", "person_id": "P1", "actor": "li", "reference": "R1"}
    assert await problems_after(books, data | {"amount": 3000_00}, ADVANCE_REPAID) == set()
    assert await problems_after(books, data | {"amount": 3000_01}, ADVANCE_REPAID) == {"clearing"}


async def test_what_a_township_station_lent_is_repaid_and_told(books: Books) -> None:
    """上高 二5: a station examines and lends, the bureau hears of it, and transfers what it would pay the person.

    C1, tier 3, (2,800 − 800) × 60% = 1,200 to the person, of which 700 and 300 are repaid.
    """
    office = "poverty-office/220621"
    await books.publish([facts.hospital(), facts.enrol()])
    await books.publish(
        [
            advance("L1", "700", "2019-03-01", source=office, lent_by="township_station", filed_on="2019-03-02"),
            advance("L2", "300", "2019-03-02", source=office),
            *facts.stay(1, in_scope="2800", prepaid=True),
        ]
    )
    shown = await cleared(books)
    assert lines(shown)["P1", "basic"] == {"settled": "1200.00", "repaid": "1000.00"}
    told = await listed(books.engine, ADVANCES)
    assert list(told[0]) == LISTS["advances"]
    assert [(row["advance_id"], row["lent_by"], row["filed_on"], row["outstanding"]) for row in told] == [
        ("L1", "township_station", "2019-03-02", "0.00"),
        ("L2", "poverty_office", None, "0.00"),
    ]
    await holds(books)
