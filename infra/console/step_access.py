"""The way of this console's steps to the ledger: the visitor's own connections, beside the workers that settle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from infra.console.errors import Refused
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.embedded.process import ServerError
from infra.operations.ledger_access import LedgerAccess, NoWorkers, access_beside_workers

TAKEN_WITHIN_S = 120.0
"""How long a step waits for workers to take what it has sent."""


@asynccontextmanager
async def step_access(request: Request, visitor: Visitor) -> AsyncIterator[LedgerAccess]:
    """What a step publishes by. Raises ``Refused`` where nobody would take it, or nobody takes it in time."""
    state = state_of(request)
    try:
        async with (
            asyncio.timeout(TAKEN_WITHIN_S),
            access_beside_workers(visitor.engine, state.nats_url, state.settings.nats_ca) as access,
        ):
            yield access
    except (NoWorkers, ServerError) as error:
        raise Refused(str(error)) from None
    except TimeoutError:
        raise Refused(
            "已发出，结算进程尚未全部受理。请稍候把同一步骤再办一次，会接着办完，不会重复。"
            "It was sent and is not all taken yet: repeat the step in a while, it goes on and repeats nothing"
        ) from None
