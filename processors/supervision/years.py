"""Benefit years of claims, each loaded once while rules look at one year after another."""

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.supervision.claim import SupervisedClaim
from processors.supervision.loading import load_year
from processors.supervision.rule import COMPARED_YEARS, YearClaims


class LoadedYears:
    """The years that one transaction sees. Those asked for in rising order are loaded once, and let go behind them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._years: dict[int, list[SupervisedClaim]] = {}

    async def claims_of(self, year: int) -> YearClaims:
        """A year with those that it is compared with; without claims of its own it is compared with nothing."""
        first = year - COMPARED_YEARS
        self._years = {known: claims for known, claims in self._years.items() if first <= known <= year}
        own = await self._load(year)
        before = [claim for past in range(first, year) for claim in await self._load(past)] if own else []
        return YearClaims(year, own, before)

    async def _load(self, year: int) -> list[SupervisedClaim]:
        if year not in self._years:
            self._years[year] = await load_year(self.connection, year)
        return self._years[year]
