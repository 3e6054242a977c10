"""The last look at lanes and servers, one for all visitors who have the page open."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from events.county_time import COUNTY_TIME
from infra.console.state import ConsoleState
from infra.operations.operation_state import OperationState, operation_state

GOOD_FOR_S = 2.0
"""How long a look is shown before the next is taken."""
WAITS_S = 0.2
"""How long a page waits for a newer look where there is one already: a server that does not answer holds up no page."""


@dataclass(frozen=True, slots=True)
class LedgerLook:
    """What was seen, and when."""

    state: OperationState
    at: datetime


@dataclass
class LatestLook:
    """Looks at a ledger, one at a time, under the console's own login."""

    console: ConsoleState
    last: LedgerLook | None = None
    _taken_s: float = 0.0
    _running: "asyncio.Task[LedgerLook] | None" = field(default=None, repr=False)

    async def get(self) -> LedgerLook:
        """A look of just now, or the last one where the servers take their time."""
        if self.last is not None and time.monotonic() - self._taken_s < GOOD_FOR_S:
            return self.last
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._look())
        if self.last is None:
            return await asyncio.shield(self._running)
        await asyncio.wait([self._running], timeout=WAITS_S)
        return self._running.result() if self._running.done() else self.last

    async def _look(self) -> LedgerLook:
        console = self.console
        state = await operation_state(console.engine, console.nats_url, console.settings, mailboxes=True)
        self.last, self._taken_s = LedgerLook(state, datetime.now(COUNTY_TIME)), time.monotonic()
        return self.last


_LOOKS: "WeakKeyDictionary[ConsoleState, LatestLook]" = WeakKeyDictionary()


async def latest_look(console: ConsoleState) -> LedgerLook:
    """How the ledger's lanes and servers are."""
    if console not in _LOOKS:
        _LOOKS[console] = LatestLook(console)
    return await _LOOKS[console].get()
