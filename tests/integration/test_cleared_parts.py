"""Once cleared, with whom a booking was settled is a fact: runs that are lost or give way do not change it."""

import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.clearing import listings, steps
from processors.clearing.draft import draft
from processors.offices.refusal import StepRefused
from processors.pipeline.recovery import begin_runs_anew
from processors.proof.verify import verify
from tests import facts
from tests.clearings import (
    LATER,
    MONTHS,
    Amounts,
    booked,
    cleared_everywhere,
    fen,
    half_settled,
    holds,
    lines,
    refunds,
)
from tests.histories import REGIONS, History
from tests.integration.test_lanes import parked, poison
from tests.ledger import Books, is_lost

QITAIHE = "230800"
"""Its out-of-catalog cost may bear an audit of which basic, which pays the poor more, has nothing to change."""


class Cleared:
    """Clearings of one region, one after the other, and what they have come to by kind of payee and fund."""

    def __init__(self, books: Books, region: str = QITAIHE) -> None:
        self.books, self.region = books, region
        self.sums: Counter[tuple[str, str]] = Counter()
        self.month = 0

    async def draft(self) -> dict[str, Any]:
        drawn = await draft(self.books.engine, self.region, MONTHS[self.month], "wang", LATER)
        return await listings.clearing(self.books.engine, drawn)

    async def __call__(self) -> dict[tuple[str, str], dict[str, str]]:
        shown = await self.draft()
        await steps.approve(self.books.engine, shown["clearing_id"], "li")
        self.month += 1
        for line in shown["lines"]:
            self.sums[line["payee_kind"], line["fund"]] += fen(line["payable"])
        await holds(self.books)
        return lines(shown)


async def lost(books: Books, partitions: int = 1) -> None:
    """All that is under way is lost with the store of NATS, and begun anew."""
    for queue in books.queues.values():
        queue.clear()
    await begin_runs_anew(books.engine, partitions, is_lost)
    await books.begin_anew()
    await books.drain()


async def a_stay_audited_and_uplifted(books: Books) -> Cleared:
    """Cleared once; then an audit of which basic books nothing, and behind it a roster for which it pays 465 more."""
    bill = facts.bill("10000", self_funded="5000")
    await books.publish([facts.hospital(region=QITAIHE), facts.enrol(region=QITAIHE), *facts.stay(1, bill=bill)])
    cleared = Cleared(books)
    assert await cleared() == {("H1", "basic"): {"settled": "6045.00"}}
    return cleared


async def forget_replaced(books: Books) -> None:
    """As where an older program ran, which did not note the runs that others took the place of."""
    async with books.engine.begin() as connection:
        await connection.execute(text("DELETE FROM processors.replaced_runs"))


async def through_basic(books: Books, event: dict[str, Any]) -> None:
    books.enqueue([event])
    await books.step(("intake", 0), 1)
    await books.step(("basic", 0), 10)


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_run_lost_behind_a_draft_does_not_move_what_was_cleared(books: Books, *, withdrawn: bool) -> None:
    """That the audit's run had passed basic before the roster's is known while both are under way, and no more here."""
    cleared = await a_stay_audited_and_uplifted(books)
    await through_basic(books, facts.audit("C1", "1000", "hospital"))
    await through_basic(books, facts.roster())
    if withdrawn:  # then it is no fact: the next draft tells anew with whom it is settled
        await steps.withdraw(books.engine, (await cleared.draft())["clearing_id"], "wang")
    else:
        assert await cleared() == {("P1", "basic"): {"adjusted": "465.00"}}
    await lost(books)
    await forget_replaced(books)
    # that the audit's run had gone before is forgotten: what each of the two has changed tells it
    assert await cleared() == ({("P1", "basic"): {"adjusted": "465.00"}} if withdrawn else {})
    await books.publish([facts.reverse()])
    assert await cleared() == {("H1", "basic"): {"adjusted": "-6045.00"}, ("P1", "basic"): {"adjusted": "-465.00"}}
    assert set(cleared.sums.values()) == {0}


async def test_a_parked_run_that_gives_way_does_not_move_what_was_cleared(books: Books) -> None:
    cleared = await a_stay_audited_and_uplifted(books)
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "C1", 1)
        await books.publish([facts.audit("C1", "1000", "hospital")])
    await through_basic(books, facts.roster())
    assert await cleared() == {("P1", "basic"): {"adjusted": "465.00"}}
    await books.drain()
    assert await parked(books) == []
    await forget_replaced(books)
    assert await cleared() == {}
    await books.publish([facts.reverse()])
    assert await cleared() == {("H1", "basic"): {"adjusted": "-6045.00"}, ("P1", "basic"): {"adjusted": "-465.00"}}
    assert set(cleared.sums.values()) == {0}


async def test_that_an_audit_s_run_had_passed_before_it_was_lost_is_known(books: Books) -> None:
    """What basic books for the roster's run behind it is the person's, though neither came to its end."""
    cleared = await a_stay_audited_and_uplifted(books)
    await through_basic(books, facts.audit("C1", "1000", "hospital"))
    await through_basic(books, facts.roster())
    await lost(books)
    assert await cleared() == {("P1", "basic"): {"adjusted": "465.00"}}


async def test_a_lost_audit_s_run_that_had_not_got_anywhere_has_passed_nothing(books: Books) -> None:
    """The fresh run books the audit, 600 less, and is not behind the lost one."""
    await books.publish([facts.hospital(region=QITAIHE), facts.enrol(region=QITAIHE), *facts.stay(1)])
    cleared = Cleared(books)
    await cleared()
    books.enqueue([facts.audit("C1", "1000", "hospital")])
    await books.step(("intake", 0), 1)
    await lost(books)
    assert {payee: list(columns) for (payee, _), columns in (await cleared()).items()} == {"H1": ["audit"]}


async def test_where_a_parked_audit_s_run_gave_way_is_known(books: Books) -> None:
    """It stood still at critical illness: the roster's run went behind it in basic, and takes its place from there."""
    cleared = await a_stay_audited_and_uplifted(books)
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "C1", 1)
        await books.publish([facts.audit("C1", "1000", "hospital")])
    await books.publish([facts.roster()])
    assert await parked(books) == []
    assert await cleared() == {("P1", "basic"): {"adjusted": "465.00"}}
    await books.publish([facts.reverse()])
    assert await cleared() == {("H1", "basic"): {"adjusted": "-6045.00"}, ("P1", "basic"): {"adjusted": "-465.00"}}


async def test_a_first_run_that_gives_way_to_the_reversal_leaves_nothing(books: Books) -> None:
    """What the correction's run had booked was cleared as an adjustment; then the reversal's wrote the first answer."""
    await books.publish([facts.hospital(region=QITAIHE), facts.enrol(region=QITAIHE)])
    books.enqueue([*facts.stay(1), facts.correct(bill=facts.bill(self_funded="10000"))])
    await books.step(("intake", 0), 10)
    await books.step(("basic", 0), 10)
    cleared = Cleared(books)
    paid = await cleared()
    assert {(payee, *columns) for (payee, _), columns in paid.items()} == {("H1", "settled", "adjusted")}
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "C1", 1)
        await books.drain()
    assert [run for _, _, run, _ in await parked(books)] == [2]  # the first one gave way to it
    await books.publish([facts.reverse()])
    assert await parked(books) == []
    assert await cleared() == {}
    assert set(cleared.sums.values()) == {0}


@pytest.mark.parametrize("seed", [200, 203, 205])
async def test_random_histories_come_to_nothing_though_the_store_is_lost(engine: AsyncEngine, seed: int) -> None:
    """Drafts while runs are in flight, now and then withdrawn; then all that is in flight is lost; at last every claim
    is reversed, and the store lost in the middle of it."""
    history, chance = History(seed, stays=40), random.Random(seed)
    books = await Books.open(engine, partitions=2, seed=seed)
    cleared_so_far = Amounts()
    for month, start in enumerate(range(0, len(history.events), 60)):
        books.enqueue(history.events[start : start + 60])
        await half_settled(books)
        if chance.random() < 0.5:
            for region in REGIONS:
                await drafted_and_withdrawn(engine, region, month)
            await lost(books, 2)
        cleared_so_far += await cleared_everywhere(books, month)
        await lost(books, 2)
        if chance.random() < 0.5:
            await forget_replaced(books)
    assert await booked(engine) > 0
    async with engine.connect() as connection:
        standing = (await connection.execute(text("SELECT claim_id FROM projections.claims WHERE standing"))).scalars()
    books.enqueue([facts.reverse(claim_id, facts.BUREAU, f"end-{claim_id}") for claim_id in sorted(standing)])
    await half_settled(books)
    cleared_so_far += await cleared_everywhere(books, 10)
    await lost(books, 2)
    cleared_so_far += await cleared_everywhere(books, 11)
    left = refunds(cleared_so_far)
    assert await booked(engine) == left.total()
    assert cleared_so_far == left
    assert (await verify(engine)).problems == []


async def drafted_and_withdrawn(engine: AsyncEngine, region: str, month: int) -> None:
    try:
        drawn = await draft(engine, region, MONTHS[month], "wang", LATER)
    except StepRefused:  # nothing was accepted there yet
        return
    await steps.withdraw(engine, drawn, "wang")
