"""The way of this console's steps to the ledger: the visitor's own connections, beside the workers that settle."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.errors import Refused
from infra.console.state import ConsoleState, state_of
from infra.console.visitor import Visitor
from infra.embedded.process import ServerError
from infra.operations.ledger_access import LedgerAccess, NoWorkers, access_beside_workers
from processors.delivery.names import INTAKE_CONSUMER

TAKEN_WITHIN_S = 120.0
"""How long a step waits for workers to take what it has sent."""


@asynccontextmanager
async def beside_workers(
    state: ConsoleState, engine: AsyncEngine, consumers: Collection[str] = (INTAKE_CONSUMER,)
) -> AsyncIterator[LedgerAccess]:
    """What work publishes by. Raises ``Refused`` where no worker has these consumers, or NATS does not answer."""
    try:
        async with access_beside_workers(engine, state.nats_url, state.settings.nats_ca, consumers) as access:
            yield access
    except (NoWorkers, ServerError) as error:
        raise Refused(str(error)) from None


@asynccontextmanager
async def step_access(request: Request, visitor: Visitor) -> AsyncIterator[LedgerAccess]:
    """What a step publishes by. Raises ``Refused`` where nobody would take it, or nobody takes it in time."""
    try:
        async with asyncio.timeout(TAKEN_WITHIN_S), beside_workers(state_of(request), visitor.engine) as access:
            yield access
    except TimeoutError:
        raise Refused(
            "已发出，结算进程尚未全部受理。请稍候把同一步骤再办一次，会接着办完，不会重复。"
            "It was sent and is not all taken yet: repeat the step in a while, it goes on and repeats nothing"
        ) from None
