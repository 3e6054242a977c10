"""Settlements that hospitals were told, by the county's days: which rows and refunds a day has."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from processors.reconciliation.hospital_settlements import Chosen, hospital_settlements, sums_of
from processors.visits.settlements import insert_settlement
from processors.visits.transactions import withdraw
from processors.visits.visit_rows import VisitSettlement
from tests.integration.test_visits import line, settlement

DAY = date(2019, 5, 6)
MIDNIGHT = datetime(2019, 5, 6, tzinfo=COUNTY_TIME)
SECOND = timedelta(seconds=1)


def told(number: str, at: datetime, funds: int = 60_00, **changed: Any) -> VisitSettlement:
    """A settlement of a visit of its own, of 100 yuan."""
    stated: dict[str, Any] = {"claim_id": number, "setl_id": number, "mdtrt_id": f"M{number}", "msgid": f"X{number}"}
    stated |= {"state": "settled", "settled_at": at, "fund_pay": funds, "psn_part": 100_00 - funds, "hosp_part": 0}
    return settlement([line("1")], **stated | changed)


def taken_back(number: str, at: datetime, back: datetime, **changed: Any) -> VisitSettlement:
    """A settlement that its hospital has reversed."""
    reversed_: dict[str, Any] = {
        "state": "reversed",
        "reversed_at": back,
        "reversal": "{}",
        "reversal_msgid": f"B{number}",
    }
    return told(number, at, **reversed_ | changed)


async def keep(engine: AsyncEngine, *settlements: VisitSettlement) -> None:
    async with engine.begin() as connection:
        for each in settlements:
            await insert_settlement(connection, each)


async def withdrawn(engine: AsyncEngine, infno: str, msgid: str) -> None:
    """A transaction that a message took back."""
    async with engine.begin() as connection:
        await withdraw(connection, "H1", infno, msgid)


async def rows(connection: AsyncConnection, first: date, last: date, **chosen: Any) -> list[tuple[str, bool, int]]:
    """Number, whether it is a refund, and fen of each row."""
    found = await hospital_settlements(connection, "H1", Chosen(first, last, **chosen))
    return [(row.setl_id, row.refund, row.total) for row in found]


async def test_a_day_begins_and_ends_by_the_countys_clock(engine: AsyncEngine) -> None:
    next_day = MIDNIGHT + timedelta(days=1)
    await keep(
        engine,
        *(told("before", MIDNIGHT - SECOND), told("first", MIDNIGHT), told("last", next_day - SECOND)),
        *(told("after", next_day), told("other", MIDNIGHT, fixmedins_code="H2")),
    )
    async with engine.connect() as connection:
        assert await rows(connection, DAY, DAY) == [("first", False, 100_00), ("last", False, 100_00)]


async def test_a_refund_is_a_row_below_zero_of_its_own_day(engine: AsyncEngine) -> None:
    back = MIDNIGHT + timedelta(days=2)
    await keep(engine, taken_back("S", MIDNIGHT, back))
    async with engine.connect() as connection:
        assert await rows(connection, DAY, DAY) == [("S", False, 100_00)]
        assert await rows(connection, back.date(), back.date()) == [("S", True, -100_00)]
        both = await hospital_settlements(connection, "H1", Chosen(DAY, back.date()))
        assert (sums_of(both).count, sums_of(both).total, sums_of(both).funds) == (2, 0, 0)
        assert await rows(connection, DAY, back.date(), refunds=False) == [("S", False, 100_00)]


async def test_what_a_message_took_back_is_in_no_book(engine: AsyncEngine) -> None:
    await keep(engine, taken_back("S", MIDNIGHT, MIDNIGHT + SECOND))
    await withdrawn(engine, "2304", "XS")
    async with engine.connect() as connection:
        assert await rows(connection, DAY, DAY) == []


async def test_a_refund_that_a_message_took_back_leaves_the_settlement_as_it_was(engine: AsyncEngine) -> None:
    again: dict[str, Any] = {"setl_id": "S", "mdtrt_id": "MS", "msgid": "XS", "round": 2}
    await keep(engine, taken_back("S", MIDNIGHT, MIDNIGHT + SECOND), told("S2", MIDNIGHT + 2 * SECOND, **again))
    await withdrawn(engine, "2305", "BS")
    async with engine.connect() as connection:
        assert await rows(connection, DAY, DAY) == [("S", False, 100_00)]


async def test_the_same_message_of_another_kind_takes_nothing_out(engine: AsyncEngine) -> None:
    await keep(engine, taken_back("S", MIDNIGHT, MIDNIGHT + SECOND))
    await withdrawn(engine, "2207", "XS")
    await withdrawn(engine, "2401", "BS")
    async with engine.connect() as connection:
        assert len(await rows(connection, DAY, DAY)) == 2


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"insutype": "310"}, {"employee"}),
        ({"clr_type": "11"}, {"visit"}),
        ({"office": "220621"}, {"employee", "visit", "unknown"}),
        ({"office": "220600"}, {"employee", "visit", "unknown", "near"}),
    ],
)
async def test_kinds_and_offices_are_told_apart(engine: AsyncEngine, chosen: dict[str, Any], found: set[str]) -> None:
    await keep(
        engine,
        told("employee", MIDNIGHT, insutype="310", insuplc_admdvs="220621"),
        told("visit", MIDNIGHT, clr_type="11", insuplc_admdvs="220621"),
        told("near", MIDNIGHT, insuplc_admdvs="220681"),
        told("unknown", MIDNIGHT),
    )
    async with engine.connect() as connection:
        assert {number for number, _, _ in await rows(connection, DAY, DAY, **chosen)} == found


async def test_what_is_not_answered_or_was_refused_is_no_row(engine: AsyncEngine) -> None:
    nothing: dict[str, Any] = {"settled_at": None, "fund_pay": None, "psn_part": None, "hosp_part": None}
    await keep(
        engine, told("sent", MIDNIGHT, state="sent", **nothing), told("no", MIDNIGHT, state="refused", **nothing)
    )
    async with engine.connect() as connection:
        assert await rows(connection, DAY, DAY) == []
