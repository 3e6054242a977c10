"""Rows that a query adds up from a large part of the ledger, kept until something is booked that they are made of."""

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

Newest = Callable[[AsyncConnection], Awaitable[Hashable]]
"""Tells the newest entries that rows are made of; it must see the same moment of the ledger as the query."""
MOST_KEPT = 64
KEPT_S = 600.0
"""Not for longer: a projection that was damaged and built anew has no entry that would tell."""


@dataclass(eq=False)
class KeptRows:
    """What was read last, by question. Whoever may open a page may read all its rows, so that one answer serves all."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[Hashable, tuple[Hashable, float, Sequence[dict[str, Any]]]] = field(default_factory=dict)

    async def read(
        self, connection: AsyncConnection, newest: Newest, question: Hashable, query: Select[Any]
    ) -> Sequence[dict[str, Any]]:
        """The rows of ``query`` as the ledger has them in the connection's snapshot."""
        now = await newest(connection)
        kept = self._kept.pop(question, None)
        if kept is None or kept[0] != now or self.clock() - kept[1] > KEPT_S:
            kept = (now, self.clock(), [dict(row) for row in (await connection.execute(query)).mappings()])
        self._kept[question] = kept
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        return kept[2]
