"""The leader's years are gathered before anybody waits for them, and never shown when they are old."""

import asyncio
from typing import Any

from infra.console.leader.gathered_years import KEPT_S, LOOKED_S, MOST_RENEWED, RENEWED_S, GatheredYears


class Ledger:
    """Counts how often each year was gathered; ``now_s`` is the time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked: list[tuple[int, str | None]] = []

    async def gather(self, year: int, region: str | None) -> Any:
        self.asked.append((year, region))
        await asyncio.sleep(0)
        return len(self.asked)

    def years(self) -> GatheredYears:
        return GatheredYears(self.gather, lambda: self.now_s)


async def looked_at(years: GatheredYears, region: str | None = None) -> Any:
    """Which gathering is shown of 2019."""
    return await years.of(2019, region)


async def test_one_gathering_serves_who_looks_meanwhile() -> None:
    ledger = Ledger()
    years = ledger.years()
    assert await asyncio.gather(*(looked_at(years) for _ in range(5))) == [1] * 5
    assert await looked_at(years, "360923") == 2, "another region is another page"
    ledger.now_s = KEPT_S
    assert await looked_at(years) == 1
    ledger.now_s = KEPT_S + 1
    assert await looked_at(years) == 3, "nothing older is shown"


async def test_what_is_looked_at_is_gathered_beforehand() -> None:
    ledger = Ledger()
    years = ledger.years()
    await years.of(2019, None)
    for _ in range(10):
        ledger.now_s += RENEWED_S
        await years.renew()
        gathered = len(ledger.asked)
        await years.of(2019, None)
        assert len(ledger.asked) == gathered, "nobody waits"
    assert len(ledger.asked) == 11
    await years.renew()
    assert len(ledger.asked) == 11, "not while it is new"


async def test_what_nobody_looks_at_is_forgotten() -> None:
    ledger = Ledger()
    years = ledger.years()
    await years.of(2019, None)
    ledger.now_s = LOOKED_S + 1
    await years.renew()
    assert ledger.asked == [(2019, None)]
    for year in range(2000, 2000 + MOST_RENEWED + 3):
        ledger.now_s += 1
        await years.of(year, None)
    ledger.asked.clear()
    ledger.now_s += RENEWED_S
    await years.renew()
    assert [year for year, _ in ledger.asked] == list(range(2002 + MOST_RENEWED, 2002, -1)), "the last ones looked at"
