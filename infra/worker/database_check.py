"""One worker's checks that the database is as new as the streams: lanes that start together share one."""

import asyncio

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.older_database import check_not_older
from infra.messaging.patience import Patience
from infra.messaging.streams import OlderDatabase

ANSWER_S = 5.0
"""How long NATS may take for an answer."""


class DatabaseCheck:
    """Checks every lane of the ledger: a worker that owns another may not know yet that the database is older."""

    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client
        self._one_at_a_time = asyncio.Lock()
        self._patience = Patience()
        self._asked = 0
        self._answered = 0
        self._error: Exception | None = None

    async def run(self, *, briefly: bool = False) -> None:
        """Check, or wait for a check that begins after this call. Raises ``OlderDatabase``, and what servers raise.

        Who waits for a check that fails is told so with it: one after the other they would wait as long as each.
        ``briefly`` is for who tries again at once (``Patience``); for others a failure is the end of what they do.
        """
        self._asked += 1
        ours = self._asked
        async with self._one_at_a_time:
            if self._answered < ours:
                upto = self._asked
                self._error = await self._check(self._patience.answer_s if briefly else ANSWER_S)
                self._answered = upto
            if self._error is not None:
                raise self._error

    async def _check(self, answer_s: float) -> Exception | None:
        try:
            await check_not_older(self._engine, self._client, self._client.jetstream(timeout=answer_s))
        except OlderDatabase as error:
            return error
        except Exception as error:  # noqa: BLE001 - raised by each who waits
            self._patience.failed()
            return error
        self._patience.succeeded()
        return None
