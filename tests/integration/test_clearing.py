"""Clearing: what the funds owe for a month, taken from the journals once and for all."""

import asyncio
import csv
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME, month_end, month_start
from events.decisions import ADVANCE_REPAID, CLEARING_DRAFTED, CLEARING_PAID
from events.money import parse_yuan, yuan
from events.store.journal import write
from infra.postgres.engine import connect
from processors.clearing import listings, loans, steps
from processors.clearing.draft import draft
from processors.clearing.journal import open_journal, rebuild
from processors.clearing.payee_amounts import load_amounts, load_prepaid_amounts
from processors.clearing.ranges import next_ranges
from processors.clearing.refusal import ClearingRefused
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.delivery.transaction import Delivery, Handler, Transaction
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.verification.clearings import check_clearings
from processors.proof.verification.reversals import check_reversals
from processors.proof.verify import VerifyReport, verify
from tests import facts
from tests.clerk import Clerk, clerk
from tests.facts import advance
from tests.histories import REGIONS, History
from tests.ledger import Books, is_lost
from tests.months import months_from_now
from tests.program import write_lines

REGION = "220621"
MONTHS = [date(2031, month, 1) for month in range(1, 13)]
"""After the day on which the tests run: everything booked so far lies before their end."""
LATER = month_end(MONTHS[11])
"""The clock of most drafts here: all these months have begun."""


def fen(text_: str) -> int:
    return -parse_yuan(text_[1:]) if text_.startswith("-") else parse_yuan(text_)


async def drafted(books: Books, month: int = 0, region: str = REGION) -> dict[str, Any]:
    return await listings.clearing(books.engine, await draft(books.engine, region, MONTHS[month], "wang", LATER))


async def cleared(books: Books, month: int = 0) -> dict[str, Any]:
    shown = await drafted(books, month)
    await steps.approve(books.engine, shown["clearing_id"], "li")
    return await listings.clearing(books.engine, shown["clearing_id"])


def lines(shown: dict[str, Any], *columns: str) -> dict[tuple[str, str], dict[str, str]]:
    """By payee and fund, the columns that are not zero."""
    named = columns or ("settled", "adjusted", "audit", "repaid")
    return {
        (line["payee"], line["fund"]): {name: line[name] for name in named if line[name] != "0.00"}
        for line in shown["lines"]
    }


def payments(shown: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["payee"]: (row["amount"], row["status"]) for row in shown["payments"]}


async def owed(books: Books) -> dict[str, str]:
    rows = await listings.receivable_rows(books.engine, date(2031, 1, 1))
    return {row["payee"]: row["outstanding"] for row in rows}


async def booked(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = """SELECT coalesce(sum(paid), 0) FROM ledger.entries
                   WHERE type LIKE 'payout.%' OR type LIKE 'grant.%' OR type = 'premium.refunded.v1'"""
        return int((await connection.execute(text(query))).scalar_one())


async def holds(books: Books) -> None:
    report = await verify(books.engine)
    assert report.problems == []


def total(shown: dict[str, Any]) -> int:
    return sum(fen(line["payable"]) for line in shown["lines"])


async def test_hospitals_are_owed_what_was_settled_and_persons_what_they_prepaid(books: Books) -> None:
    # tier 3, not poor: (10,000 - 800) x 60% = 5,520; line 6,000, what is left is 4,480
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.enrol(), facts.enrol("P2"), facts.enrol("P3")])
    await books.publish([*facts.stay(1), *facts.stay(2, "P2", hospital_id="H2"), *facts.stay(3, "P3", prepaid=True)])
    shown = await drafted(books)
    assert lines(shown) == {
        ("H1", "basic"): {"settled": "5520.00"},
        ("H2", "basic"): {"settled": "5520.00"},
        ("P3", "basic"): {"settled": "5520.00"},
    }
    assert payments(shown) == {"H1": ("5520.00", "due"), "H2": ("5520.00", "due"), "P3": ("5520.00", "due")}
    assert total(shown) == await booked(books.engine)
    await holds(books)


async def test_what_a_clearing_has_taken_no_other_takes(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    first = await cleared(books, 0)
    empty = await cleared(books, 1)
    assert empty["lines"] == []
    await books.publish(facts.stay(2))
    second = await cleared(books, 2)
    assert total(first) + total(second) == await booked(books.engine)
    await holds(books)


class Slow:
    """A consumer whose transaction stays open until it is told to commit."""

    def __init__(self, handler: Handler) -> None:
        self.consumer, self.handler = handler.consumer, handler
        self.decided, self.commit = asyncio.Event(), asyncio.Event()

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        await self.handler.handle(transaction, batch)
        self.decided.set()
        await asyncio.wait_for(self.commit.wait(), 30)


async def test_what_commits_after_the_draft_with_an_earlier_time_goes_into_the_next_month(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    books.enqueue(facts.stay(2))
    await books.step(("intake", 0), 10)
    slow = books.lanes["basic", 0] = Slow(books.lanes["basic", 0])
    committing = asyncio.create_task(books.step(("basic", 0), 10))
    await asyncio.wait_for(slow.decided.wait(), 30)
    first = await cleared(books, 0)
    slow.commit.set()
    await committing
    await books.drain()
    assert total(first) == 5520_00
    async with books.engine.connect() as connection:
        query = "SELECT max(recorded_at) FROM ledger.entries WHERE journal = 'basic.0'"
        recorded_at = (await connection.execute(text(query))).scalar_one()
    assert recorded_at < datetime.fromisoformat(first["drafted_at"]) < month_end(MONTHS[0])
    second = await cleared(books, 1)
    assert total(first) + total(second) == await booked(books.engine) > total(first)
    await holds(books)


async def test_an_entry_recorded_after_the_month_waits_for_the_next(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    past = await draft(books.engine, REGION, date(2020, 1, 1), "wang", LATER)
    assert (await listings.clearing(books.engine, past))["lines"] == []
    await steps.approve(books.engine, past, "li")
    assert total(await drafted(books)) == await booked(books.engine)


async def test_regions_are_cleared_apart(books: Books) -> None:
    other = "220622"
    events = [facts.hospital(), facts.enrol(), facts.enrol("P2", region=other), *facts.stay(1)]
    await books.publish([*events, facts.hospital("H9", region="360923"), facts.enrol("P3", region="360923")])
    await books.publish(facts.stay(3, "P3", hospital_id="H9"))
    here, there = await cleared(books), await drafted(books, region="360923")
    assert set(payments(here)) == {"H1"}
    assert set(payments(there)) == {"H9"}
    assert total(here) + total(there) == await booked(books.engine)
    with pytest.raises(ClearingRefused, match="no claim of region 220622"):
        await draft(books.engine, other, MONTHS[0], "wang", LATER)
    await holds(books)


async def test_what_no_clearing_has_taken_is_listed_by_region(books: Books) -> None:
    """上高, (1,600 - 600) x 60%, was never cleared; what 抚松's draft has taken is not open, what came after it is."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await books.publish([facts.enrol("P3", region="360923"), *facts.stay(3, "P3", in_scope="1600")])
    await books.publish([facts.enrol("P8", region=CHANGZHI, self_paid="180"), facts.roster("P8", "dibao")])
    today = f"{datetime.now(COUNTY_TIME):%Y-%m-%d}"
    never = {"region": "360923", "amount": "600.00", "bookings": 1, "since": today, "draft": None}
    refund = {"region": CHANGZHI, "amount": "180.00", "bookings": 1, "since": today, "draft": None}
    here = {"region": REGION, "amount": "5520.00", "bookings": 1, "since": today, "draft": None}
    assert await uncleared_rows(books.engine) == [refund, here, never]

    drawn = (await drafted(books))["clearing_id"]
    taken = {"region": REGION, "amount": "0.00", "bookings": 0, "since": None, "draft": drawn}
    assert await uncleared_rows(books.engine) == [refund, taken, never]
    await books.publish([facts.correct(bill=facts.bill(self_funded="10000"))])
    after = {"region": REGION, "amount": "-5520.00", "bookings": 1, "since": today}
    assert await uncleared_rows(books.engine) == [refund, after | {"draft": drawn}, never]
    await steps.withdraw(books.engine, drawn, "wang")
    assert await uncleared_rows(books.engine) == [refund, here | {"amount": "0.00", "bookings": 2}, never]

    await cleared(books)
    await drafted(books, region=CHANGZHI)
    await books.publish([facts.reverse()])  # no layer books anything for it
    reversed_ = {"region": REGION, "amount": "0.00", "bookings": 1, "since": today, "draft": None}
    assert (await uncleared_rows(books.engine))[1:] == [reversed_, never]
    await cleared(books, 1)
    assert [row["region"] for row in await uncleared_rows(books.engine)] == [CHANGZHI, "360923"]


async def test_what_a_late_roster_changes_is_settled_with_the_person(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    discharged = await books.statement("C1")
    await cleared(books, 0)
    await books.publish([facts.roster()])
    now = await books.statement("C1")
    assert discharged is not None
    assert now is not None
    shown = await cleared(books, 1)
    assert {payee for payee, _ in lines(shown)} == {"P1"}
    too_much = sum(fen(change["overpaid_at_discharge"]) for change in shown["changes"])
    assert too_much == fen(discharged["patient_share"]) - fen(now["patient_share"]) == total(shown) > 0
    await holds(books)


async def test_of_a_reversed_claim_nothing_was_overpaid_at_discharge(books: Books) -> None:
    """What the reversal takes back is told without; what the clearing before it has shown does not change."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.roster()])
    uplifted = await cleared(books, 1)
    assert {change["overpaid_at_discharge"] for change in uplifted["changes"]}.isdisjoint({None, "0.00"})
    await books.publish([facts.reverse()])
    undone = await cleared(books, 2)
    of_person = [change for change in undone["changes"] if change["payee_kind"] == "person"]
    assert of_person
    assert {change["overpaid_at_discharge"] for change in of_person} == {None}
    assert await listings.clearing(books.engine, uplifted["clearing_id"]) == uplifted


async def test_before_the_first_answer_nothing_is_an_adjustment(books: Books) -> None:
    """A roster that overtakes nothing: its run comes behind the first one, which has not been answered yet."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.roster()])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    await books.drain()
    await books.publish([facts.correct("C1", "9000")])
    shown = await drafted(books)
    first = {
        payee: entry["settled"]
        for (payee, fund), entry in lines(shown).items()
        if fund == "basic" and "settled" in entry
    }
    assert first == {"H1": "5520.00"}
    assert all("adjusted" in entry for (payee, _), entry in lines(shown).items() if payee == "P1")
    assert total(shown) == await booked(books.engine)


async def test_an_audit_laid_on_the_hospital_is_deducted_there_and_its_echo_is_the_person_s(books: Books) -> None:
    """Mixed effects: the audit of the first stay moves what critical illness pays for the later ones."""
    await books.publish([facts.hospital(), facts.hospital("H2"), facts.enrol()])
    await books.publish([*facts.stay(1, in_scope="12000"), *facts.stay(2, hospital_id="H2"), *facts.stay(3)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    shown = await cleared(books, 1)
    # basic of C1: 1,000 x 60% less; what is left of it is 400 less, so that C2 stands 400 lower above the line
    assert lines(shown)["H1", "basic"] == {"audit": "-600.00"}
    assert all(
        change["payee_kind"] == ("hospital" if change["claim_id"] == "C1" else "person") for change in shown["changes"]
    )
    assert any(change["claim_id"] == "C2" for change in shown["changes"])
    assert ("H2", "critical_illness") not in lines(shown)
    assert fen((await owed(books))["H1"]) >= 600_00
    await holds(books)


async def test_an_audit_is_deducted_from_the_hospital_though_the_person_had_prepaid(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, prepaid=True)])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    shown = await drafted(books)
    assert lines(shown) == {("P1", "basic"): {"settled": "5520.00"}, ("H1", "basic"): {"audit": "-600.00"}}


async def test_what_a_reversed_claim_brought_is_given_back_by_whom_it_was_brought(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), facts.roster()])
    await books.publish([facts.audit("C1", "1000", "hospital")])
    first = await cleared(books, 0)
    await books.publish([facts.reverse()])
    second = await cleared(books, 1)
    before, after = lines(first, "payable"), lines(second, "payable")
    assert before.keys() == after.keys()
    assert {payee for payee, _ in before} == {"H1", "P1"}
    for key, line in before.items():
        assert fen(line["payable"]) + fen(after[key]["payable"]) == 0
    assert all("audit" not in line for line in lines(second).values())
    await holds(books)


PARTED_AT_NOTHING = {
    # backstop pays a registered poor to 90% of 10,000; without the roster it never ran
    "the roster was wrong": ([facts.roster(), *facts.stay(1)], facts.roster(change="removed")),
    "nothing of the bill was in scope": (facts.stay(1), facts.correct(bill=facts.bill(self_funded="10000"))),
    "all of it was not indicated": (facts.stay(1, prepaid=True), facts.audit(amount="10000")),
}


@pytest.mark.parametrize("why", PARTED_AT_NOTHING)
@pytest.mark.parametrize("in_pieces", [True, False])
async def test_a_reversal_undoes_also_what_a_layer_books_nothing_for(
    books: Books, why: str, *, in_pieces: bool
) -> None:
    """Before it, a layer stands at 0: it has paid one of the two and charged the other."""
    begun, then = PARTED_AT_NOTHING[why]
    cleared_so_far: Counter[tuple[str, str, str]] = Counter()
    for month, events in enumerate([[facts.hospital(), facts.enrol(), *begun], [then], [facts.reverse()]]):
        await books.publish(events)
        if in_pieces or month == 2:
            shown = await cleared(books, month)
            cleared_so_far.update({payee_and_fund(line): fen(line["payable"]) for line in shown["lines"]})
            await holds(books)
    assert set(cleared_so_far.values()) <= {0}
    if in_pieces:
        assert {change["payee_kind"] for change in shown["changes"]} == {"hospital", "person"}
        # both what the one is owed and what the other owes fall in the month of the reversal
        assert {fund for _, fund in lines(shown)} >= {"basic"}


async def test_a_claim_reversed_before_its_first_answer_comes_to_nothing(books: Books) -> None:
    """The reversal's run has been through basic before the first run has reached settlement."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.correct(bill=facts.bill(self_funded="10000")), facts.reverse()])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    first = await cleared(books, 0)
    # the correction takes back from the person what the hospital was paid; the reversal is not through yet
    assert lines(first) == {("H1", "basic"): {"settled": "5520.00"}, ("P1", "basic"): {"adjusted": "-5520.00"}}
    await books.drain()
    second = await cleared(books, 1)
    assert lines(second) == {("H1", "basic"): {"adjusted": "-5520.00"}, ("P1", "basic"): {"adjusted": "5520.00"}}
    await holds(books)


async def test_a_reversal_sent_again_undoes_once_what_a_layer_books_nothing_for(books: Books) -> None:
    """Its run is lost behind basic; the fresh one's cause is the recovery."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, prepaid=True)])
    await books.publish([facts.audit(amount="10000")])
    first = await cleared(books, 0)
    books.enqueue([facts.reverse()])
    await books.step(("intake", 0), 1)
    await books.step(("basic", 0), 1)
    await sent_again(books)
    second = await cleared(books, 1)
    before, after = lines(first, "payable"), lines(second, "payable")
    assert before == {("P1", "basic"): {"payable": "5520.00"}, ("H1", "basic"): {"payable": "-5520.00"}}
    assert after == {("P1", "basic"): {"payable": "-5520.00"}, ("H1", "basic"): {"payable": "5520.00"}}
    await holds(books)


async def test_what_a_reversal_leaves_with_somebody_is_found(books: Books) -> None:
    """A fen of what the roster brought the person is not taken back from him."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.roster()])
    await cleared(books, 1)
    await books.publish([facts.reverse()])
    less = """UPDATE projections.clearing_parts SET amount = amount + 1
              WHERE clearing_id = :id AND payee_kind = 'person' AND fund = 'backstop'"""
    shown = await cleared(books, 2)
    async with books.engine.connect() as connection:
        await connection.execute(text(less), {"id": shown["clearing_id"]})
        report = VerifyReport()
        await check_reversals(connection, report)
        (problem,) = report.problems
        assert (problem.where, problem.found) == ("claim C1, person P1, fund backstop", "0.01")
    await holds(books)


async def sent_again(books: Books) -> None:
    """All that is under way is lost with the store of NATS, and begun anew."""
    for queue in books.queues.values():
        queue.clear()
    assert await begin_runs_anew(books.engine, 1, is_lost) == 1
    await books.begin_anew()
    await books.drain()


async def test_what_is_owed_is_set_off_against_the_next_payable(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "1000", "hospital")])
    second = await drafted(books, 1)
    assert payments(second) == {"H1": ("0.00", "none")}
    assert await owed(books) == {}  # not before another person has approved it
    await steps.approve(books.engine, second["clearing_id"], "li")
    assert await owed(books) == {"H1": "600.00"}
    await books.publish([*facts.stay(2, "P2", in_scope="1300")])  # (1,300 - 800) x 60% = 300
    third = await drafted(books, 2)
    assert payments(third) == {"H1": ("0.00", "none")}
    assert await owed(books) == {"H1": "300.00"}
    await steps.withdraw(books.engine, third["clearing_id"], "wang")
    assert await owed(books) == {"H1": "600.00"}
    await books.publish([*facts.stay(3, "P2", in_scope="1800")])  # (1,800 - 800) x 60% = 600
    again = await cleared(books, 2)
    assert payments(again) == {"H1": ("300.00", "due")}
    assert await owed(books) == {}
    await holds(books)


async def test_a_receivable_is_settled_in_parts_and_never_beyond(books: Books) -> None:
    events = [facts.hospital(until="2026-01-01"), facts.enrol(), facts.roster(), *facts.stay(1)]
    await books.publish(events)
    await cleared(books, 0)
    await books.publish([facts.roster(change="removed"), facts.audit("C1", "1000", "hospital")])
    await cleared(books, 1)
    rows = {row["payee"]: row for row in await listings.receivable_rows(books.engine, date(2031, 1, 1))}
    assert rows["H1"]["closed"]  # a hospital that is closed still owes
    assert not rows["P1"]["closed"]
    hospital, person = rows["H1"]["receivable_id"], rows["P1"]["receivable_id"]
    left = await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 1", 100_00)
    assert left == fen(rows["H1"]["outstanding"]) - 100_00
    with pytest.raises(ClearingRefused, match="is outstanding"):
        await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2", left + 1)
    with pytest.raises(ClearingRefused, match="is outstanding"):
        await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2", 0)
    assert await steps.settle_receivable(books.engine, hospital, "zhao", "receipt 2") == 0
    assert await steps.settle_receivable(books.engine, person, "zhao", "receipt 3") == 0
    assert await owed(books) == {}
    with pytest.raises(ClearingRefused, match="Wang drafted"):
        await steps.settle_receivable(books.engine, hospital, "Wang", "receipt 4")
    with pytest.raises(ClearingRefused, match="there is no receivable"):
        await steps.settle_receivable(books.engine, "R9", "zhao", "receipt 4")
    await holds(books)


async def test_the_steps_of_a_clearing_have_their_order(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1)])
    await books.publish(facts.stay(2, "P2", prepaid=True))
    clearing_id = (await drafted(books, 3))["clearing_id"]
    engine = books.engine
    with pytest.raises(ClearingRefused, match="still a draft"):
        await draft(engine, REGION, MONTHS[4], "wang", LATER)
    with pytest.raises(ClearingRefused, match="another person must approve"):
        await steps.approve(engine, clearing_id, "Wang")
    with pytest.raises(ClearingRefused, match="is drafted, not approved"):
        await steps.pay(engine, clearing_id, "li", "T1")
    await steps.approve(engine, clearing_id, "li")
    for again in (steps.approve, steps.withdraw):
        with pytest.raises(ClearingRefused, match="is approved, not drafted"):
            await again(engine, clearing_id, "zhao")
    with pytest.raises(ClearingRefused, match="draft a month after 2031-04"):
        await draft(engine, REGION, MONTHS[3], "wang", LATER)
    with pytest.raises(ClearingRefused, match="nothing is due to H9"):
        await steps.pay(engine, clearing_id, "li", "T1", ["H1", "H9"])
    with pytest.raises(ClearingRefused, match="nothing was paid to H1"):
        await steps.record_return(engine, clearing_id, "li", "H1", "account closed")
    assert await steps.pay(engine, clearing_id, "li", "T1", ["H1"]) == 5520_00
    with pytest.raises(ClearingRefused, match="nothing is due to H1"):
        await steps.pay(engine, clearing_id, "li", "T2", ["H1"])
    assert (await listings.clearing(engine, clearing_id))["status"] == "approved"
    assert await steps.pay(engine, clearing_id, "li", "T2") == 5520_00
    assert (await listings.clearing(engine, clearing_id))["status"] == "paid"
    assert await steps.record_return(engine, clearing_id, "li", "P2", "account closed") == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)["P2"]) == ("approved", ("5520.00", "returned"))
    with pytest.raises(ClearingRefused, match="another person must note the payment"):
        await steps.pay(engine, clearing_id, "Li", "T3", ["P2"])
    assert await steps.pay(engine, clearing_id, "zhao", "T3", ["P2"]) == 5520_00
    shown = await listings.clearing(engine, clearing_id)
    assert (shown["status"], payments(shown)["P2"]) == ("paid", ("5520.00", "paid"))
    with pytest.raises(ClearingRefused, match="there is no clearing"):
        await steps.approve(engine, "220621-2031-09-1", "li")
    await holds(books)


async def test_a_draft_between_two_runs_knows_which_is_the_first_settlement(books: Books) -> None:
    """The correction's run has been through basic before the first run has reached settlement."""
    await books.publish([facts.hospital(), facts.enrol()])
    books.enqueue([*facts.stay(1), facts.correct("C1", "9000")])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    shown = await cleared(books, 0)
    assert lines(shown) == {("H1", "basic"): {"settled": "5520.00"}, ("P1", "basic"): {"adjusted": "-600.00"}}
    await books.drain()
    assert (await drafted(books, 1))["lines"] == []
    await holds(books)


async def test_grants_are_paid_to_the_person(books: Books) -> None:
    """长治: 5,000 once in a life, at the first late stay while he was poor; another claim brings it when that falls."""
    region = "140421"
    late = {"disease": "lung_cancer", "stage": "late"}
    await books.publish([facts.hospital(region=region), facts.enrol(region=region), facts.roster(category="dibao")])
    await books.publish([*facts.stay(1, **late), *facts.stay(2, on="2019-05-01", **late)])
    shown = await drafted(books, region=region)
    assert lines(shown)["P1", "grant"] == {"settled": "5000.00"}
    assert payments(shown)["P1"] == ("5000.00", "due")
    await steps.approve(books.engine, shown["clearing_id"], "li")
    await books.publish([facts.reverse("C1"), facts.reverse("C2")])
    after = await drafted(books, 1, region=region)
    # withdrawn, given for the second claim, withdrawn again
    assert lines(after, "payable")["P1", "grant"] == {"payable": "-5000.00"}
    assert total(shown) + total(after) == await booked(books.engine) == 0
    await holds(books)


CHANGZHI, ITS_NEIGHBOUR = "140421", "140422"
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
    await books.publish([facts.enrol(region=CHANGZHI, id_="nothing-paid")])
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
    with pytest.raises(ClearingRefused, match="no claim of region 140422"):
        await draft(books.engine, ITS_NEIGHBOUR, MONTHS[0], "wang", LATER)
    await books.publish([facts.enrol(region=REGION, self_paid="180", id_="moved-out")])
    with pytest.raises(ClearingRefused, match="no claim of region 220621"):
        await draft(books.engine, REGION, MONTHS[0], "wang", LATER)
    after = await drafted(books, 1, CHANGZHI)
    assert lines(after) == {("P1", REFUND): {"adjusted": "-180.00"}}
    await steps.approve(books.engine, after["clearing_id"], "li")
    assert await owed(books) == {"P1": "180.00"}
    await books.publish([facts.enrol(region=ITS_NEIGHBOUR, self_paid="70", id_="moved-again")])
    assert lines(await drafted(books, 1, ITS_NEIGHBOUR)) == {("P1", REFUND): {"settled": "70.00"}}
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


PLANTED = {
    "a line's amount": "UPDATE projections.clearing_lines SET settled = settled + 1",
    "a line gone": "DELETE FROM projections.clearing_lines",
    "a range": """UPDATE projections.clearings SET ranges = jsonb_set(ranges, '{basic.0,1}', '0')""",
    "who approved": "UPDATE projections.clearings SET approved_by = 'wang'",
    "a payment": "UPDATE projections.clearing_payments SET status = 'paid'",
    "with whom a part was settled": "UPDATE projections.clearing_parts SET payee_kind = 'person'",
    "a receivable": "UPDATE projections.receivables SET settled = amount",
    "a repayment": "DELETE FROM projections.advance_repayments",
    "the advance": "UPDATE projections.advances SET amount = 1",
}


async def test_errors_planted_in_the_register_are_found(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), advance("L1", "100"), *facts.stay(1, prepaid=True)])
    await cleared(books, 0)
    await books.publish([facts.audit("C1", "9500", "hospital")])
    await cleared(books, 1)
    for what, statement in PLANTED.items():
        async with books.engine.connect() as connection:
            await connection.execute(text(statement))
            report = VerifyReport()
            await check_clearings(connection, report)
            assert {problem.check for problem in report.problems} == {"clearing"}, what
            await connection.rollback()
    assert set((await rebuild(books.engine)).values()) == {0}
    await holds(books)


async def test_the_tables_are_made_again_from_the_journal(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books, 0))["clearing_id"]
    async with books.engine.begin() as connection:
        for statement in (*list(PLANTED.values())[:5], "DELETE FROM projections.clearing_payments"):
            await connection.execute(text(statement))
    mended = await rebuild(books.engine)
    assert mended == {
        "clearings": 1, "clearing_lines": 1, "clearing_parts": 0, "clearing_payments": 1, "receivables": 0,
        "advance_repayments": 0, "advance_receipts": 0,
    }  # fmt: skip
    assert await steps.pay(books.engine, clearing_id, "li", "T1") == 5520_00
    await holds(books)


async def test_events_that_take_twice_or_leave_out_are_found(books: Books) -> None:
    """The register agrees with its journal, but the journal does not agree with what was booked."""
    await books.publish([facts.hospital(), facts.enrol(), advance("L1"), *facts.stay(1)])
    await cleared(books, 0)
    await books.publish(facts.stay(2))
    true = await drafted(books, 1)
    await steps.withdraw(books.engine, true["clearing_id"], "wang")
    begun, ended = true["ranges"]["basic.0"]
    line = {"payee_kind": "hospital", "payee": "H1", "fund": "basic", "settled": 5520_00}
    rest = {"adjusted": 0, "audit": 0, "repaid": 0}
    lent = {"region": REGION, "advance_id": "L1", "person_id": "P1", "fund": "basic", "amount": 1}
    repaying = [
        rest | {"payee_kind": kind, "payee": payee, "fund": "basic", "settled": 0, "repaid": repaid}
        for kind, payee, repaid in (("person", "P1", 1), ("emergency_fund", REGION, -1))
    ]
    false = {
        "taken twice": ((0, ended), [line | rest | {"settled": 2 * 5520_00}]),
        "left out": ((ended, ended), []),
        "a fen too much": ((begun, ended), [line | rest | {"settled": 5520_01}]),
        "a loan repaid to nobody": ((begun, ended), [line | rest | {"repaid": 1}]),
        "a loan repaid with what no fund pays the person": ((begun, ended), [line | rest, *repaying]),
    }
    for what, (taken, entered) in false.items():
        data: dict[str, Any] = {
            "clearing_id": "X",
            "region": REGION,
            "month": "2031-02",
            "actor": "wang",
            "set_off": [],
            "repayments": [lent] if len(entered) > 1 else [],
        }
        data |= {"ranges": true["ranges"] | {"basic.0": taken}, "lines": entered, "changes": []}
        assert await problems_after(books, data) == {"clearing"}, what
    await holds(books)


class _Undone(Exception):
    """Leaves a transaction of the journal so that nothing of it stays."""


async def problems_after(books: Books, data: dict[str, Any], type_: str = CLEARING_DRAFTED) -> set[str]:
    """Which checks fail once an event of clearing says this."""
    report = VerifyReport()
    with suppress(_Undone):
        async with open_journal(books.engine) as journal:
            if "clearing_id" in data:
                await journal.register.load_clearing(journal.connection, data["clearing_id"])
            journal.record(type_, data)
            await write(journal.connection, journal.journal)
            await journal.register.save(journal.connection)
            await check_clearings(journal.connection, report)
            raise _Undone
    return {problem.check for problem in report.problems}


async def test_a_month_that_has_not_begun_is_not_drafted(books: Books) -> None:
    """By the county's clock: a slip of the pen years ahead would be the region's last clearing until then."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    just_before = month_start(MONTHS[2]) - timedelta(microseconds=1)
    for month in (MONTHS[2], MONTHS[2].replace(year=2091)):
        with pytest.raises(ClearingRefused, match="has not begun"):
            await draft(books.engine, REGION, month, "wang", just_before)
    await draft(books.engine, REGION, MONTHS[1], "wang", just_before)
    await holds(books)


async def test_steps_are_told_with_the_login_they_were_taken_under(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await cleared(books)
    async with books.engine.connect() as connection:
        query = """SELECT DISTINCT convert_from(data, 'UTF8')::jsonb ->> 'login', session_user::text
                   FROM ledger.entries WHERE journal = 'clearing.0'"""
        ((told, login),) = await connection.execute(text(query))
    assert told == login == books.engine.url.username


async def test_payees_of_one_id_are_told_apart_by_their_kind(books: Books) -> None:
    await books.publish([facts.hospital("X1"), facts.enrol("X1"), facts.enrol("P2")])
    await books.publish([*facts.stay(1, "X1", hospital_id="X1", prepaid=True), *facts.stay(2, "P2", hospital_id="X1")])
    clearing_id = (await cleared(books))["clearing_id"]

    async def stand() -> dict[str, str]:
        shown = await listings.clearing(books.engine, clearing_id)
        return {row["payee_kind"]: row["status"] for row in shown["payments"]}

    with pytest.raises(ClearingRefused, match="X1 is a hospital and a person here"):
        await steps.pay(books.engine, clearing_id, "li", "T1", ["X1"])
    assert await steps.pay(books.engine, clearing_id, "li", "T1", ["X1"], "person") == 5520_00
    assert await stand() == {"hospital": "due", "person": "paid"}
    with pytest.raises(ClearingRefused, match="say which with --kind"):  # though only one of them is due
        await steps.pay(books.engine, clearing_id, "li", "T2", ["X1"])
    with pytest.raises(ClearingRefused, match="nothing is due to X1"):
        await steps.pay(books.engine, clearing_id, "li", "T2", ["X1"], "person")
    assert await steps.pay(books.engine, clearing_id, "li", "T2") == 5520_00
    with pytest.raises(ClearingRefused, match="say which with --kind"):
        await steps.record_return(books.engine, clearing_id, "li", "X1", "account closed")
    assert await steps.record_return(books.engine, clearing_id, "li", "X1", "account closed", "hospital") == 5520_00
    assert await stand() == {"hospital": "returned", "person": "paid"}
    await holds(books)


async def test_two_at_once_draft_one(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    tries = await asyncio.gather(
        *(draft(books.engine, REGION, MONTHS[0], actor, LATER) for actor in ("wang", "li")), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in tries) == ["ClearingRefused", "str"]
    await holds(books)


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
        ranges = await next_ranges(connection, REGION, MONTHS[0])
        prepaid = await load_prepaid_amounts(connection, REGION, ranges, {"P1"})
    told = sorted((each.claim.claim_id, each.claim.outside, each.amount) for each in prepaid if each.claim is not None)
    assert told == [("C1", False, 1200_00), ("C2", True, 600_00)]
    assert lines(await drafted(books))["P1", "basic"] == {"settled": "1800.00", "repaid": "700.00"}


async def test_a_fund_repays_no_more_than_its_line_brings(books: Books) -> None:
    """What C1 brings is taken back in C2: basic's line is 600 - 300, though C1 brings 600."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(2, in_scope="1800")])
    await cleared(books, 0)  # to H1: (1,800 - 800) x 60%
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
    lent = {(row["region"], row["advance_id"]): row["issued"] for row in await loans.loan_rows(books.engine)}
    assert lent == {(REGION, "L1"): "3000.00", ("220622", "L1"): "70.00", (REGION, "L2"): "10.00"}
    await holds(books)


async def test_what_is_repaid_in_cash_is_not_taken_again(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), advance("L1", "3000"), *facts.stay(1, prepaid=True)])
    engine = books.engine

    async def in_cash(amount: int, id_: str = "L1", region: str = REGION) -> int:
        return await loans.repay_in_cash(engine, region, id_, amount, "li", "receipt 1")

    assert await in_cash(1000_00) == 2000_00
    for amount in (2000_01, 0):
        with pytest.raises(ClearingRefused, match=r"2000\.00 is outstanding of L1"):
            await in_cash(amount)
    for unknown in (("L9", REGION), ("L1", "360923")):
        with pytest.raises(ClearingRefused, match="has issued no advance"):
            await in_cash(1, *unknown)
    shown = await drafted(books)
    assert {row["advance_id"]: row["amount"] for row in shown["repayments"]} == {"L1": "2000.00"}
    with pytest.raises(ClearingRefused, match=r"0\.00 is outstanding"):  # what a draft takes is taken
        await in_cash(1)
    await steps.withdraw(engine, shown["clearing_id"], "wang")
    assert await in_cash(500_00) == 1500_00
    await cleared(books)
    (row,) = await loans.loan_rows(engine, "P1")
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


async def test_a_payment_noted_by_who_noted_its_return_is_found(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = (await cleared(books))["clearing_id"]
    await steps.pay(books.engine, clearing_id, "li", "T1")
    await steps.record_return(books.engine, clearing_id, "li", "H1", "account closed")
    paid = {"payee_kind": "hospital", "payee": "H1", "amount": 5520_00}
    data = {"clearing_id": clearing_id, "reference": "T2", "payments": [paid]}
    assert await problems_after(books, data | {"actor": "Li"}, CLEARING_PAID) == {"clearing"}
    assert await problems_after(books, data | {"actor": "zhao"}, CLEARING_PAID) == set()


async def test_a_run_that_was_sent_again_does_not_move_an_audit_to_the_person(books: Books) -> None:
    """The store of NATS is lost with the audit's run in it: the fresh run's cause is the recovery, not the audit."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="20000"), *facts.stay(2)])
    await cleared(books, 0)
    books.enqueue([facts.audit("C1", "1000", "hospital")])
    await books.step(("intake", 0), 1)
    await books.step(("basic", 0), 1)  # basic books it for the audit; what it sent on is lost
    await sent_again(books)
    await books.publish([facts.roster()])
    shown = await cleared(books, 1)
    with_hospital = {(c["claim_id"], c["fund"]): c for c in shown["changes"] if c["payee_kind"] == "hospital"}
    assert set(with_hospital) == {("C1", "basic"), ("C1", "critical_illness")}
    assert all(change["kind"] == "audit" and fen(change["amount"]) < 0 for change in with_hospital.values())
    assert any(change["claim_id"] == "C1" for change in shown["changes"] if change["payee_kind"] == "person")
    await holds(books)


@pytest.mark.parametrize("seed", [7, 102, 123])
async def test_random_histories_are_cleared_alike_whenever_they_are_drafted(engine: AsyncEngine, seed: int) -> None:
    """Drafts between the transactions of consumers that overtake each other, beside one over everything.

    Once every claim is reversed nobody has got or given anything, whatever came between.
    """
    history = History(seed, stays=40)
    books = await Books.open(engine, partitions=2, seed=seed)
    cleared_so_far = Amounts()
    for month, start in enumerate(range(0, len(history.events), 60)):
        books.enqueue(history.events[start : start + 60])
        await half_settled(books)
        cleared_so_far += await cleared_everywhere(books, month)
        await holds(books)
        await books.drain()
    cleared_so_far += await cleared_everywhere(books, 9)
    await holds(books)
    at_once = Amounts()
    async with engine.connect() as connection:
        for region in REGIONS:
            ranges = {name: (0, to) for name, (_, to) in (await next_ranges(connection, region, MONTHS[11])).items()}
            for entry in await load_amounts(connection, region, ranges):
                at_once[entry.party, entry.payee, entry.fund] += entry.amount
        standing = (await connection.execute(text("SELECT claim_id FROM projections.claims WHERE standing"))).scalars()
    assert sum(at_once.values()) == await booked(engine) > 0
    assert cleared_so_far == at_once

    books.enqueue([facts.reverse(claim_id, facts.BUREAU, f"end-{claim_id}") for claim_id in sorted(standing)])
    await half_settled(books)
    cleared_so_far += await cleared_everywhere(books, 10)
    await holds(books)
    await books.drain()
    cleared_so_far += await cleared_everywhere(books, 11)
    assert await booked(engine) == 0
    assert cleared_so_far == Amounts()
    await holds(books)


class Amounts(Counter[tuple[str, str, str]]):
    """Fen by kind of payee, payee and fund; a Counter takes what is missing for 0 when it compares."""

    def __iadd__(self, other: Mapping[tuple[str, str, str], int]) -> "Amounts":  # type: ignore[misc,override]
        self.update(other)  # its own drops what is under 0
        return self


async def half_settled(books: Books) -> None:
    """All that waits is taken in, and every other consumer lags behind."""
    while books.queues["intake", 0]:
        await books.step(("intake", 0), 15)
        for lane in [lane for lane, queue in books.queues.items() if queue and lane[0] != "intake"][::2]:
            await books.step(lane, 2)


async def cleared_everywhere(books: Books, month: int) -> dict[tuple[str, str, str], int]:
    found = Amounts()
    for region in REGIONS:
        with suppress(ClearingRefused):  # nothing was accepted there yet
            shown = await drafted(books, month, region)
            await steps.approve(books.engine, shown["clearing_id"], "li")
            found += {payee_and_fund(line): fen(line["payable"]) for line in shown["lines"]}
    return found


def payee_and_fund(line: dict[str, Any]) -> tuple[str, str, str]:
    return line["payee_kind"], line["payee"], line["fund"]


@pytest.fixture
async def program(database: str, nats_url: str) -> AsyncIterator[Clerk]:
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url) as claims:
        yield claims


async def done(claims: Clerk, *arguments: object) -> list[dict[str, Any]]:
    ended = await claims(*arguments, "--json")
    assert ended.code == 0, f"{arguments}: {ended.out.decode()}{ended.err}"
    return ended.rows


async def refused(claims: Clerk, *arguments: object) -> str:
    ended = await claims(*arguments)
    assert (ended.code, ended.out) == (2, b""), arguments
    return ended.err


async def test_a_month_through_the_program(program: Clerk, beside: AsyncEngine, server_folder: Path) -> None:
    this, following = months_from_now()
    first, second, third = f"{REGION}-{this:%Y-%m}-1", *(f"{REGION}-{following:%Y-%m}-{times}" for times in (1, 2))
    stays = [facts.hospital(), facts.enrol(), facts.enrol("P2"), *facts.stay(1), *facts.stay(2, "P2")]
    await done(program, "settle", write_lines(server_folder / "stays.jsonl", stays))
    (open_,) = await done(program, "clearing", "open")
    assert (open_["region"], open_["amount"], open_["draft"]) == (REGION, "11040.00", None)
    assert "11040.00" in (await program("clearing", "open")).out.decode()
    drafting = ("clearing", "draft", "--region", REGION, "--month", f"{this:%Y-%m}")
    assert "--actor" in await refused(program, *drafting)
    await refused(program, *drafting, "--actor", "Wang Fang")
    await refused(program, *drafting[:-1], "2019-13", "--actor", "wang")
    (drawn,) = await done(program, *drafting, "--actor", "wang")
    assert payments(drawn) == {"H1": ("11040.00", "due")}
    assert "still a draft" in await refused(program, *drafting, "--actor", "wang")
    await refused(program, "clearing", "approve", first, "--actor", "wang")
    await done(program, "clearing", "approve", first, "--actor", "li")
    paying = ("clearing", "pay", first, "--reference", "T 1")
    assert "--kind" in await refused(program, *paying, "--actor", "li", "--kind", "hospital")
    assert await done(program, *paying, "--actor", "li", "--payee", "H1", "--kind", "hospital") == [
        {"clearing_id": first, "paid": "11040.00", "reference": "T 1"}
    ]
    returning = ("clearing", "return", first, "--actor", "li", "--payee", "H1", "--reason", "户名不符")
    assert (await done(program, *returning))[0]["due"] == "11040.00"
    listed = await done(program, "clearing", "list")
    assert [(row["clearing_id"], row["status"]) for row in listed] == [(first, "approved")]
    lines_csv = server_folder / "lines.csv"
    shown = await program("clearing", "show", first, "--out", lines_csv)
    assert "已退回" in shown.out.decode()
    with lines_csv.open(encoding="utf-8-sig", newline="") as file:
        assert [row["payable"] for row in csv.DictReader(file)] == ["11040.00"]
    assert lines_csv.stat().st_mode & 0o777 == 0o600  # it names persons

    await done(program, "settle", write_lines(server_folder / "audit.jsonl", [facts.audit("C1", "1000", "hospital")]))
    the_next = ("clearing", "draft", "--region", REGION, "--month", f"{following:%Y-%m}", "--actor", "wang")
    assert "has not begun" in await refused(program, *the_next)
    assert await draft(beside, REGION, following, "wang", now=month_start(following)) == second
    await done(program, "clearing", "withdraw", second, "--actor", "wang")
    assert await draft(beside, REGION, following, "wang", now=month_start(following)) == third
    await done(program, "clearing", "approve", third, "--actor", "li")
    (owing,) = await done(program, "receivables")
    assert (owing["payee"], owing["outstanding"], owing["closed"]) == ("H1", "600.00", False)
    settling = ("receivables", "settle", f"{third}-hospital-H1", "--actor", "li", "--reference", "R1", "--amount")
    await refused(program, *settling, "0.005")
    assert (await done(program, *settling, "200"))[0]["outstanding"] == "400.00"
    assert "400.00" in (await program("receivables")).out.decode()

    await done(program, "settle", write_lines(server_folder / "lent.jsonl", [advance("L1", "300"), advance("L2", "5")]))
    repaying = ("advances", "repay", "L1", "--region", REGION, "--actor", "li", "--reference", "R2", "--amount")
    await refused(program, *repaying, "300.01")
    assert await done(program, *repaying, "120") == [{"region": REGION, "advance_id": "L1", "outstanding": "180.00"}]
    assert [(row["advance_id"], row["in_cash"]) for row in await done(program, "advances", "--person", "P1")] == [
        ("L1", "120.00"),
        ("L2", "0.00"),
    ]
    assert await done(program, "advances", "--person", "P2") == []
    assert "180.00" in (await program("advances")).out.decode()

    heading, c1 = "claim_id,date,total,funds,patient_share", "C1,2019-03-10,10000.00,4920.00,4080.00"
    march = server_folder / "march.csv"
    compare = ("reconcile", "--hospital", "H1", "--month", "2019-03", march)
    march.write_text(f"{heading}\n{c1}\n", encoding="utf-8")
    compared = await program(*compare, "--json")
    assert (compared.code, [row["kind"] for row in compared.rows]) == (1, ["ledger_only", "summary"])
    march.write_text(f"{heading}\n{c1}\nC2,2019-03-10,x,1,1\n", encoding="utf-8")
    broken = await program(*compare)
    assert (broken.code, "row 3: total" in broken.err) == (2, True)
    (report,) = await done(program, "verify")
    assert (report["holds"], report["clearings"]) == (True, 3)


@pytest.fixture
async def beside(database: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database)
    yield engine
    await engine.dispose()
