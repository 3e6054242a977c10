"""Years as they were gathered: adding up a ledger takes longer than a page may, so that it is done beforehand."""

from asyncio import Lock
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

from infra.leader_page.figures import LeaderYear

Place = tuple[int, str | None]
"""A year, and a region or none."""
Gather = Callable[[int, str | None], Awaitable[LeaderYear]]
KEPT_S = 90.0
"""Not shown for longer: what is open or waits changes from one minute to the next."""
RENEWED_S = 45.0
"""As old as that, one that is looked at is gathered again before anybody waits for it."""
LOOKED_S = 30 * 60.0
"""How long after a look that goes on: as long as a session lasts without one."""
MOST_RENEWED = 8


@dataclass
class _Gathered:
    year: LeaderYear
    at_s: float
    looked_s: float


@dataclass(eq=False)
class GatheredYears:
    """Who looks first waits until a year is gathered; as long as somebody looks again, nobody else does."""

    gather: Gather
    clock: Callable[[], float] = monotonic
    _kept: dict[Place, _Gathered] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    async def of(self, year: int, region: str | None) -> LeaderYear:
        """A year as it was at most ``KEPT_S`` ago."""
        place = year, region
        if self._fresh(place) is None:
            async with self._lock:
                if self._fresh(place) is None:
                    await self._renew(place, self.clock())
        kept = self._kept[place]
        kept.looked_s = self.clock()
        return kept.year

    async def renew(self) -> None:
        """Gather those again that are looked at, and forget the others."""
        async with self._lock:
            looked = sorted(self._kept.items(), key=lambda each: -each[1].looked_s)
            for number, (place, kept) in enumerate(looked):
                if number >= MOST_RENEWED or self.clock() - kept.looked_s > LOOKED_S:
                    del self._kept[place]
                elif self.clock() - kept.at_s >= RENEWED_S:
                    await self._renew(place, kept.looked_s)

    def _fresh(self, place: Place) -> _Gathered | None:
        kept = self._kept.get(place)
        return kept if kept is not None and self.clock() - kept.at_s <= KEPT_S else None

    async def _renew(self, place: Place, looked_s: float) -> None:
        at_s = self.clock()
        self._kept[place] = _Gathered(await self.gather(*place), at_s, looked_s)
