"""Finance's sums are the ledger's, to the fen, however far and in however many steps they are moved forward."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.finance.catch_up import catch_up
from processors.finance.reports import (
    ANNUAL,
    MONTHLY,
    sums_as_of,
)
from processors.finance.unreadable import UnreadableEntry
from tests import facts
from tests.finance import holds, query, report_of, sums
from tests.histories import History
from tests.integration.test_verify import tamper
from tests.ledger import Books


@pytest.mark.parametrize("seed", [3, 4])
async def test_reports_add_up_to_the_ledger_whatever_happened(engine: AsyncEngine, seed: int) -> None:
    history = History(seed, stays=25)
    books = await Books.open(engine, partitions=2, seed=seed)
    for start in range(0, len(history.events), 60):
        await books.publish(history.events[start : start + 60], batch=9)
        await catch_up(engine, at_once=7)
        await holds(engine)
    stepped = await sums(engine)
    assert len(stepped["counted_claims"]) > 5
    await catch_up(engine, anew=True)
    assert await sums(engine) == stepped
    before = await query(engine, "SELECT * FROM projections.fund_flows ORDER BY month, region, setting, layer")
    await catch_up(engine)
    assert await query(engine, "SELECT * FROM projections.fund_flows ORDER BY month, region, setting, layer") == before


async def test_two_at_a_time_count_nothing_twice(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1), *facts.stay(2)])
    await asyncio.gather(*(catch_up(books.engine, at_once=2) for _ in range(4)))
    await holds(books.engine)


async def test_before_and_after_the_first_catch_up(books: Books) -> None:
    async with books.engine.connect() as connection:
        assert await sums_as_of(connection) is None
    as_of = await catch_up(books.engine)
    assert await report_of(books.engine, ANNUAL) == []
    async with books.engine.connect() as connection:
        assert await sums_as_of(connection) == as_of


async def test_a_month_s_flows_say_what_was_decided_and_what_adjusted(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="10000")])
    await catch_up(books.engine)
    (before,) = [row for row in await report_of(books.engine, MONTHLY) if row["layer"] == "basic"]
    # 抚松, tier 3: (10,000 − 800) × 60%
    assert (before["decided"], before["adjusted"]) == (Decimal("5520.00"), Decimal("0.00"))
    await books.publish([facts.correct("C1", "8000")])
    await catch_up(books.engine)
    narrowed = await report_of(books.engine, MONTHLY, month=before["month"], region="220000")
    (after,) = [row for row in narrowed if row["layer"] == "basic"]
    # (8,000 − 800) × 60% = 4,320
    assert (after["decided"], after["adjusted"], after["net"]) == (
        Decimal("5520.00"),
        Decimal("-1200.00"),
        Decimal("4320.00"),
    )
    assert await report_of(books.engine, MONTHLY, region="360923") == []
    assert await report_of(books.engine, MONTHLY, year=1999) == []


async def test_a_layer_that_a_late_fact_makes_run_has_adjusted(books: Books) -> None:
    """It decides for the first time, long after the claim was settled without it."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1, in_scope="10000")])
    await catch_up(books.engine)
    before = await report_of(books.engine, MONTHLY)
    assert [row["layer"] for row in before if row["decided"]] == ["basic"]
    await books.publish([facts.roster()])
    await catch_up(books.engine)
    types = await query(
        books.engine, "SELECT type FROM ledger.entries WHERE type LIKE 'payout.%' AND paid <> 0 AND layer <> 'basic'"
    )
    assert "payout.decided.v1" in {row["type"] for row in types}
    after = await report_of(books.engine, MONTHLY)
    assert sum(row["decided"] for row in after) == sum(row["decided"] for row in before) == Decimal("5520.00")
    # registered poor, he is lifted to 90%
    assert sum(row["adjusted"] for row in after) == Decimal("3480.00")
    assert all(row["decided"] == 0 for row in after if row["layer"] != "basic")
    await holds(books.engine)


async def test_the_annual_report_in_the_form_of_shanggao(books: Books) -> None:
    # 上高 360923, tier 2, registered_poor: worked in tests/cases/test_shanggao.py; here that the columns add up
    await books.publish([facts.hospital("H1", 2, "360923")])
    for number in (1, 2):
        await books.publish([facts.enrol(f"P{number}", 2019, "360923"), facts.roster(f"P{number}")])
    stays = [(1, "P1", "30000"), (2, "P1", "5000"), (3, "P2", "900")]
    for number, person, in_scope in stays:
        await books.publish(facts.stay(number, person, f"2019-0{number}-10", in_scope))
    await books.publish([facts.enrol("P3", 2019, "360923"), *facts.stay(4, "P3", "2019-05-10", "1000")])
    await catch_up(books.engine)
    other, poor = await report_of(books.engine, ANNUAL, year=2019, region="360923")
    assert (poor["poor"], poor["claims"], poor["persons"], poor["total"]) == (True, 3, 2, Decimal("35900.00"))
    layers = ("basic", "critical_illness", "assistance", "supplementary", "backstop")
    assert sum(poor[layer] for layer in layers) == poor["paid"] == poor["total"] - poor["patient_share"]
    assert poor["paid_share"] == (poor["paid"] / poor["total"]).quantize(Decimal("0.0001"))
    assert (other["poor"], other["claims"], other["total"]) == (False, 1, Decimal("1000.00"))
    await books.publish([facts.reverse("C3")])
    await catch_up(books.engine)
    _, left = await report_of(books.engine, ANNUAL)
    # a reversed claim keeps its bill, and brings nothing to a sum of statements
    stated = await query(books.engine, "SELECT sum(total) AS total, sum(billed) AS billed FROM finance.statements")
    assert stated == [{"total": Decimal("36000.00"), "billed": Decimal("36900.00")}]
    assert (left["claims"], left["persons"], left["total"]) == (2, 1, Decimal("35000.00"))


@pytest.mark.parametrize("data", [r"\x7b", r"\xff", r"\x7b2261223a225c7530303030227d"])  # {, no UTF-8, {"a":"\u0000"}
async def test_an_entry_whose_data_is_damaged_is_named_and_nothing_is_counted_without_it(
    books: Books, data: str
) -> None:
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1), *facts.stay(2)])
    damaged = f"UPDATE ledger.entries SET data = '{data}' WHERE journal = 'basic.0' AND number = 2"
    await tamper(books.engine, damaged)
    with pytest.raises(UnreadableEntry, match=r"journal basic\.0, entry 2, "):
        await catch_up(books.engine)
    async with books.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM projections.fund_bookings"))).scalar_one() == 0
