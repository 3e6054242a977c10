"""Drafts: which bookings a clearing takes, for which region and month, and what is left to the next."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from events.county_time import COUNTY_TIME, month_end, month_start
from processors.clearing import listings, steps
from processors.clearing.booked_sums import BookedSums
from processors.clearing.draft import draft
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.delivery.transaction import Delivery, Handler, Transaction
from processors.offices.refusal import StepRefused
from tests import facts
from tests.clearings import CHANGZHI, LATER, MONTHS, REGION, booked, cleared, drafted, holds, lines, payments, total
from tests.ledger import Books


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
    with pytest.raises(StepRefused, match="no claim of region 220622"):
        await draft(books.engine, other, MONTHS[0], "wang", LATER)
    await holds(books)


async def test_what_no_clearing_has_taken_is_listed_by_region(books: Books) -> None:
    """上高, (1,600 - 600) x 60%, was never cleared; what 抚松's draft has taken is not open, what came after it is."""
    asked_before = BookedSums()

    async def listed() -> list[dict[str, Any]]:
        rows = await uncleared_rows(books.engine, asked_before)
        assert rows == await uncleared_rows(books.engine), "sums that go on are those of the whole"
        return rows

    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    await books.publish([facts.enrol("P3", region="360923"), *facts.stay(3, "P3", in_scope="1600")])
    await books.publish([facts.enrol("P8", region=CHANGZHI, self_paid="180"), facts.roster("P8", "dibao")])
    today = f"{datetime.now(COUNTY_TIME):%Y-%m-%d}"
    never = {"region": "360923", "amount": "600.00", "bookings": 1, "since": today, "draft": None}
    refund = {"region": CHANGZHI, "amount": "180.00", "bookings": 1, "since": today, "draft": None}
    here = {"region": REGION, "amount": "5520.00", "bookings": 1, "since": today, "draft": None}
    assert await listed() == [refund, here, never]

    drawn = (await drafted(books))["clearing_id"]
    taken = {"region": REGION, "amount": "0.00", "bookings": 0, "since": None, "draft": drawn}
    assert await listed() == [refund, taken, never]
    await books.publish([facts.correct(bill=facts.bill(self_funded="10000"))])
    after = {"region": REGION, "amount": "-5520.00", "bookings": 1, "since": today}
    assert await listed() == [refund, after | {"draft": drawn}, never]
    await steps.withdraw(books.engine, drawn, "wang")
    assert await listed() == [refund, here | {"amount": "0.00", "bookings": 2}, never]

    await cleared(books)
    await drafted(books, region=CHANGZHI)
    await books.publish([facts.reverse()])  # no layer books anything for it
    reversed_ = {"region": REGION, "amount": "0.00", "bookings": 1, "since": today, "draft": None}
    assert (await listed())[1:] == [reversed_, never]
    await cleared(books, 1)
    assert [row["region"] for row in await listed()] == [CHANGZHI, "360923"]


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


async def test_a_month_that_has_not_begun_is_not_drafted(books: Books) -> None:
    """By the county's clock: a slip of the pen years ahead would be the region's last clearing until then."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    just_before = month_start(MONTHS[2]) - timedelta(microseconds=1)
    for month in (MONTHS[2], MONTHS[2].replace(year=2091)):
        with pytest.raises(StepRefused, match="has not begun"):
            await draft(books.engine, REGION, month, "wang", just_before)
    await draft(books.engine, REGION, MONTHS[1], "wang", just_before)
    await holds(books)


async def test_two_at_once_draft_one(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    tries = await asyncio.gather(
        *(draft(books.engine, REGION, MONTHS[0], actor, LATER) for actor in ("wang", "li")), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in tries) == ["StepRefused", "str"]
    await holds(books)
