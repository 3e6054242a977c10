"""Pages of a month's bookings are read in parts, and their sums from finance's: no booking is left out or twice in."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.finance.claim_rows import by_keys, month_of, period_bookings
from infra.console.listing_columns import ListFilter
from infra.console.listing_sources import Criteria, KeyedRows, read_select, totals_from
from processors.finance import booked_entries
from processors.finance.booked_entries import counted_ranges, fund_bookings, fund_sums
from projections.finance import fund_flows
from tests.console.harness import ConsoleUnderTest

PER_PAGE = 23
FLOWS = [{}, {"region": "360923"}, {"layer": "basic"}, {"setting": "outpatient", "layer": "assistance"}]
FUNDS = [{}, {"line": "payouts"}, {"fund": "basic_fund", "region": "360923"}, {"line": "premiums"}, {"fund": "none"}]


def asked(key: tuple[str, ...], narrow: Mapping[str, str]) -> Criteria:
    filters = [(ListFilter(name, name, name), None, value) for name, value in narrow.items()]
    return Criteria(narrow, filters, "", False, key, ("amount",), 1)


async def holds(connection: AsyncConnection, source: KeyedRows, criteria: Criteria) -> int:
    """Pages, one after the other, have each row of the whole once, in order; number and sum are those of the rows."""
    everything = await read_select(connection, source.every, criteria, 0, 10_000, 10_000)
    every = sorted(tuple(row[name] for name in criteria.key) for row in everything.rows)
    seen: list[tuple[Any, ...]] = []
    while True:
        page = await read_select(connection, source, criteria, len(seen), PER_PAGE, 10_000)
        seen += [tuple(row[name] for name in criteria.key) for row in page.rows]
        assert (page.number, page.sums["amount"]) == (everything.number, everything.sums["amount"])
        if not page.more:
            break
    assert seen == every
    return len(seen)


async def last_month(connection: AsyncConnection) -> tuple[str, tuple[date, date]]:
    month = str((await connection.execute(select(func.max(fund_flows.c.month)))).scalar_one())
    return month, month_of(date.fromisoformat(f"{month}-01"))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booked_entries, "FIRST_PART", 3)
    monkeypatch.setattr(booked_entries, "GROWS_BY", 2)


async def test_bookings_of_claims(console: ConsoleUnderTest) -> None:
    async with console.running.state.engine.connect() as connection:
        month, period = await last_month(connection)
        source = await period_bookings(period, month)(connection)
        assert isinstance(source, KeyedRows)
        found = [await holds(connection, source, asked(("journal", "number"), narrow)) for narrow in FLOWS]
        assert found[0] > max(found[2:]) > PER_PAGE


async def test_bookings_on_funds(console: ConsoleUnderTest) -> None:
    async with console.running.state.engine.connect() as connection:
        month, period = await last_month(connection)
        ranges = await counted_ranges(connection, *period)

        def bookings(taken: Any) -> Select[Any]:
            return fund_bookings(taken, month)

        source = by_keys(bookings, ranges, totals_from(fund_sums(month), "bookings"))
        found = [await holds(connection, source, asked(("journal", "number", "line"), narrow)) for narrow in FUNDS]
        assert found[0] > found[1] > PER_PAGE
        assert found[-1] == 0


async def test_a_filter_that_no_sum_has_counts_the_rows(console: ConsoleUnderTest) -> None:
    async with console.running.state.engine.connect() as connection:
        month, period = await last_month(connection)
        source = await period_bookings(period, month)(connection)
        assert isinstance(source, KeyedRows)
        assert await holds(connection, source, asked(("journal", "number"), {"first_run": "true"})) > PER_PAGE
