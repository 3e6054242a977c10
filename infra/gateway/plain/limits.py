"""How much one source may ask for, so that it takes no place of another's."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from infra.access.sources import Source
from infra.gateway.plain.problems import HttpProblem

EVENTS = RateLimitItemPerSecond(2_000, 10)
"""Calls and events of one source: 200 a second in the mean, and a burst of ten seconds' worth."""
CALLS_AT_ONCE = 64
"""Of one source, from its headers to the last byte of the answer: what stalls takes no place of another source's."""
LISTENERS_AT_ONCE = 8
"""How many of these may wait for answers or read a stream of them, each of which may hold some megabytes."""


@dataclass(eq=False, slots=True)
class SourceLimits:
    """What each source has used, at this gateway."""

    _rates: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))
    _in_work: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def in_work(self, source: Source, *, listens: bool) -> Iterator[None]:
        """Count a call while it lasts. Raises ``HttpProblem`` where the source has as many as it may."""
        most = LISTENERS_AT_ONCE if listens else CALLS_AT_ONCE
        key = f"{source.user} listens" if listens else source.user
        if self._in_work[key] >= most:
            what, what_zh = ("calls for answers", "取应答的请求") if listens else ("calls", "请求")
            raise HttpProblem(
                429,
                f"at most {most} {what} at once: wait until one has ended",
                f"同时至多 {most} 个{what_zh}，请等其中一个结束后再发",
                retry_after_s=1,
            )
        self._in_work[key] += 1
        try:
            yield
        finally:
            self._in_work[key] -= 1
            if not self._in_work[key]:
                del self._in_work[key]

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
