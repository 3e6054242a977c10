"""How much one source may ask for, so that it takes no place of another's."""

import math
import time
from dataclasses import dataclass, field

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from infra.access.sources import Source
from infra.gateway.plain.problems import HttpProblem

EVENTS = RateLimitItemPerSecond(2_000, 10)
"""Calls and events of one source: 200 a second in the mean, and a burst of ten seconds' worth."""


@dataclass(eq=False, slots=True)
class SourceLimits:
    """What each source has used, at this gateway."""

    _rates: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))

    async def take(self, source: Source, events: int = 1) -> None:
        """Count a call, or the events of one. Raises ``HttpProblem``."""
        if not await self._rates.hit(EVENTS, source.user, cost=events):
            window = await self._rates.get_window_stats(EVENTS, source.user)
            seconds = max(1, math.ceil(window.reset_time - time.time()))
            raise HttpProblem(
                429,
                f"at most {EVENTS.amount} calls and events in {EVENTS.get_expiry()} s: go on in {seconds} s",
                f"每 {EVENTS.get_expiry()} 秒至多 {EVENTS.amount} 次请求和事件，请 {seconds} 秒后继续",
                retry_after_s=seconds,
            )
