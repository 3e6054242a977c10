"""Refunds of premiums are cleared in the region that paid them."""

import pytest
from sqlalchemy import text

from events.decisions import CLEARING_DRAFTED
from processors.clearing import listings, steps
from processors.clearing.draft import draft
from processors.clearing.journal import open_journal
from processors.offices.refusal import StepRefused
from processors.proof.verification.clearings import check_clearings
from processors.proof.verify import VerifyReport
from tests import facts
from tests.clearings import (
    CHANGZHI,
    ITS_NEIGHBOUR,
    LATER,
    MONTHS,
    REGION,
    booked,
    drafted,
    holds,
    lines,
    owed,
    payments,
    problems_after,
    total,
)
from tests.ledger import Books

REFUND = "premium_refund.civil_affairs"


async def test_what_a_person_had_paid_for_his_insurance_is_paid_back_to_him(books: Books) -> None:
    """长治 三(一)2, two layers of time: refunded in one month, corrected and withdrawn in the next ones."""
    enrolled = facts.enrol(region=CHANGZHI, self_paid="180")
    await books.publish([enrolled, facts.roster(category="dibao"), facts.enrol("P2", region=CHANGZHI, self_paid="50")])
    first = await drafted(books, 0, CHANGZHI)
    assert lines(first) == {("P1", REFUND): {"settled": "180.00"}}  # P2 is on no list; what the fund is paid is no line
    await steps.approve(books.engine, first["clearing_id"], "li")
    assert await steps.pay(books.engine, first["clearing_id"], "li", "T1") == 180_00
    empty = await drafted(books, 1, CHANGZHI)
    assert empty["lines"] == []
    await steps.approve(books.engine, empty["clearing_id"], "li")

    await books.publish([facts.enrol(region=CHANGZHI, self_paid="100", id_="corrected")])
    corrected = await drafted(books, 2, CHANGZHI)
    assert lines(corrected) == {("P1", REFUND): {"adjusted": "-80.00"}}
    assert payments(corrected) == {"P1": ("0.00", "none")}
    await steps.approve(books.engine, corrected["clearing_id"], "li")
    await books.publish([facts.enrol(region=CHANGZHI, self_paid="0", id_="nothing-paid")])
    last = await drafted(books, 3, CHANGZHI)
    await steps.approve(books.engine, last["clearing_id"], "li")
    assert sorted(row["outstanding"] for row in await listings.receivable_rows(books.engine, MONTHS[0])) == [
        "100.00",
        "80.00",
    ]
    assert total(first) + total(corrected) + total(last) == await booked(books.engine) == 0

    # what he owes is set off against what he is paid back once it is right again
    await books.publish([facts.enrol(region=CHANGZHI, self_paid="200", id_="all-paid")])
    again = await drafted(books, 4, CHANGZHI)
    assert lines(again) == {("P1", REFUND): {"settled": "200.00"}}
    assert payments(again) == {"P1": ("20.00", "due")}
    await holds(books)


async def test_each_payer_refunds_out_of_his_own_money(books: Books) -> None:
    """长治 2019: 220 of a registered poor by the county, of dibao by civil affairs; he turns out to be the other."""
    await books.publish([facts.enrol(region=CHANGZHI, self_paid="180"), facts.roster()])
    first = await drafted(books, 0, CHANGZHI)
    assert lines(first) == {("P1", "premium_refund.county_finance"): {"settled": "180.00"}}
    await steps.approve(books.engine, first["clearing_id"], "li")
    await books.publish([facts.roster(change="removed"), facts.roster(category="dibao")])
    second = await drafted(books, 1, CHANGZHI)
    assert lines(second) == {
        ("P1", "premium_refund.county_finance"): {"adjusted": "-180.00"},
        ("P1", "premium_refund.civil_affairs"): {"settled": "180.00"},
    }
    assert payments(second) == {"P1": ("0.00", "none")}
    await holds(books)


async def test_a_refund_is_corrected_where_it_was_paid(books: Books) -> None:
    """He turns out to be another county's: that county neither gets back what it did not pay nor pays again."""
    await books.publish([facts.hospital(region=CHANGZHI), facts.enrol(region=CHANGZHI, self_paid="180")])
    await books.publish([facts.roster(category="dibao"), *facts.stay(1, prepaid=True)])
    here = await drafted(books, 0, CHANGZHI)
    assert lines(here)["P1", REFUND] == {"settled": "180.00"}
    assert payments(here)["P1"][0] == f"{(total(here)) / 100:.2f}"  # with what the layers pay him: one transfer
    await steps.approve(books.engine, here["clearing_id"], "li")
    await books.publish([facts.enrol(region=ITS_NEIGHBOUR, self_paid="180", id_="moved")])
    with pytest.raises(StepRefused, match="no claim of region 140422"):
        await draft(books.engine, ITS_NEIGHBOUR, MONTHS[0], "wang", LATER)
    await books.publish([facts.enrol(region=REGION, self_paid="180", id_="moved-out")])
    with pytest.raises(StepRefused, match="no claim of region 220621"):
        await draft(books.engine, REGION, MONTHS[0], "wang", LATER)
    after = await drafted(books, 1, CHANGZHI)
    assert lines(after) == {("P1", REFUND): {"adjusted": "-180.00"}}
    await steps.approve(books.engine, after["clearing_id"], "li")
    assert await owed(books) == {"P1": "180.00"}
    await books.publish([facts.enrol(region=ITS_NEIGHBOUR, self_paid="70", id_="moved-again")])
    # all of the year nets where its first refund stands (docs/decisions/0015): 180 owed, 70 of it set off
    with pytest.raises(StepRefused, match="no claim of region 140422"):
        await draft(books.engine, ITS_NEIGHBOUR, MONTHS[1], "wang", LATER)
    netted = await drafted(books, 2, CHANGZHI)
    assert lines(netted) == {("P1", REFUND): {"settled": "70.00"}}
    assert payments(netted) == {"P1": ("0.00", "none")}
    await steps.approve(books.engine, netted["clearing_id"], "li")
    assert await owed(books) == {"P1": "110.00"}
    await holds(books)


async def test_errors_in_cleared_refunds_are_found(books: Books) -> None:
    await books.publish([facts.enrol(region=CHANGZHI, self_paid="180"), facts.roster(category="dibao")])
    shown = await drafted(books, 0, CHANGZHI)
    planted = {
        "its amount": "UPDATE projections.clearing_lines SET settled = settled + 1",
        "its fund": "UPDATE projections.clearing_lines SET fund = 'grant'",
        "its range": "UPDATE projections.clearings SET ranges = ranges - 'intake'",
    }
    for what, statement in planted.items():
        async with books.engine.connect() as connection:
            await connection.execute(text(statement))
            report = VerifyReport()
            await check_clearings(connection, report)
            assert {problem.check for problem in report.problems} == {"clearing"}, what
            await connection.rollback()
    await holds(books)
    await steps.approve(books.engine, shown["clearing_id"], "li")
    begun, ended = shown["ranges"]["intake"]
    line = {"payee_kind": "person", "payee": "P1", "fund": REFUND, "settled": 180_00}
    rest = {"adjusted": 0, "audit": 0, "repaid": 0}
    false = {
        "taken twice": ((begun, ended), [line | rest]),
        "paid without a booking": ((ended, ended), [line | rest]),
    }
    for what, (taken, entered) in false.items():
        data = {"clearing_id": "X", "region": CHANGZHI, "month": "2031-02", "actor": "wang", "lines": entered}
        data |= {"set_off": [], "repayments": [], "changes": []}
        now_taken = {journal: (to, to) for journal, (_, to) in shown["ranges"].items()} | {"intake": taken}
        assert await problems_after(books, data | {"ranges": now_taken}) == {"clearing"}, what


async def test_refunds_from_before_they_were_cleared_are_taken_by_the_next_clearing(books: Books) -> None:
    """An older version's clearings have no range of journal intake."""
    await books.publish([facts.enrol(region=CHANGZHI, self_paid="180"), facts.roster(category="dibao")])
    async with open_journal(books.engine) as journal:
        data = {"clearing_id": "X", "region": CHANGZHI, "month": "2031-01", "actor": "wang", "ranges": {}}
        journal.record(CLEARING_DRAFTED, data | {"lines": [], "set_off": [], "repayments": [], "changes": []})
    await holds(books)
    await steps.approve(books.engine, "X", "li")
    assert lines(await drafted(books, 1, CHANGZHI)) == {("P1", REFUND): {"settled": "180.00"}}
    await holds(books)
