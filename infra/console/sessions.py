"""Sessions in memory: who is signed in, one-time links, and how often somebody may try a password."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from weakref import WeakValueDictionary

from infra.console.visitor import Visitor

IDLE_S = 30 * 60
"""A session that asks for nothing for so long has ended."""
MOST_OF_A_LOGIN = 30
"""Sessions of a login at once: each holds a connection of the server's, and what was uploaded in it."""
LINK_S = 24 * 3600
"""How long a one-time link may be used."""
FREE_FAILURES = 5
"""Failures of a login, or from an address, before the next try has to wait."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 15 * 60.0
"""The wait doubles with each further failure."""
_REMEMBERED_FAILURES = 10_000
_ID_BYTES = 32

Clock = Callable[[], float]


@dataclass
class _Held:
    visitor: Visitor
    seen: float


class Sessions:
    """Visitors by the secret in their cookie. A restart of the console ends all of them."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}

    def __iter__(self) -> Iterator[Visitor]:
        return iter([each.visitor for each in self._held.values()])

    async def begin(self, visitor: Visitor) -> str:
        """Keep a visitor; returns the secret of the session. Of too many of a login the one idle longest ends."""
        ours = [session_id for session_id, held in self._held.items() if held.visitor.login == visitor.login]
        ours.sort(key=lambda session_id: self._held[session_id].seen)
        for oldest in ours[: max(0, len(ours) + 1 - MOST_OF_A_LOGIN)]:
            await self.end(oldest)
        session_id = secrets.token_urlsafe(_ID_BYTES)
        self._held[session_id] = _Held(visitor, self._clock())
        return session_id

    def find(self, session_id: str | None) -> Visitor | None:
        """The visitor of a session that has not ended; it counts as seen."""
        held = self._held.get(session_id or "")
        if session_id is None or held is None or self._clock() - held.seen > IDLE_S:
            return None
        held.seen = self._clock()
        return held.visitor

    async def end(self, session_id: str | None) -> None:
        """End a session, and close its connections."""
        held = self._held.pop(session_id or "", None)
        if held is not None:
            await held.visitor.engine.dispose()

    async def end_idle(self) -> None:
        """End those that were idle for too long."""
        for session_id, held in list(self._held.items()):
            if self._clock() - held.seen > IDLE_S:
                await self.end(session_id)

    async def end_all(self) -> None:
        """End all of them."""
        for session_id in list(self._held):
            await self.end(session_id)


class OneTimeLinks:
    """Secrets that sign the owner in, each once."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def make(self) -> str:
        """A new secret."""
        token = secrets.token_urlsafe(_ID_BYTES)
        self._until[token] = self._clock() + LINK_S
        return token

    def use(self, token: str) -> bool:
        """Whether the secret is good; from now on it is not."""
        until = self._until.pop(token, None)
        return until is not None and self._clock() <= until


@dataclass
class _Failures:
    count: int = 0
    until: float = 0.0


@dataclass
class Throttle:
    """Slows down who tries passwords: by login, and by the address that they come from."""

    clock: Clock = time.monotonic
    _failures: dict[str, _Failures] = field(default_factory=dict)
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, login: str, address: str) -> AsyncIterator[None]:
        """Let a login, and an address, try one password after the other: of many at once none has failed yet."""
        of_login, of_address = (self._turns.setdefault(key, asyncio.Lock()) for key in self._keys(login, address))
        async with of_address, of_login:
            yield

    def wait_s(self, login: str, address: str) -> int:
        """Seconds that the next try has to wait, 0 where it need not."""
        now = self.clock()
        waits = (self._failures[key].until - now for key in self._keys(login, address) if key in self._failures)
        return max(0, ceil(max(waits, default=0.0)))

    def failed(self, login: str, address: str) -> None:
        """Note a failure."""
        now = self.clock()
        for key in self._keys(login, address):
            failures = self._failures.pop(key, _Failures())
            if now > failures.until + LONGEST_WAIT_S:
                failures = _Failures()
            failures.count += 1
            over = failures.count - FREE_FAILURES
            failures.until = now + (min(FIRST_WAIT_S * 2**over, LONGEST_WAIT_S) if 0 <= over < 32 else 0.0)
            if over >= 32:
                failures.until = now + LONGEST_WAIT_S
            self._failures[key] = failures
        while len(self._failures) > _REMEMBERED_FAILURES:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, login: str) -> None:
        """Forget the failures of a login whose password was right."""
        self._failures.pop(f"login {login}", None)

    def forget(self) -> None:
        """Forget all failures."""
        self._failures.clear()

    @staticmethod
    def _keys(login: str, address: str) -> tuple[str, str]:
        return f"login {login}", f"address {address}"
