"""Steps that workers carry out: the console sends, and the workers beside it do."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.errors import Refused
from infra.console.state import ConsoleState
from infra.embedded.process import ServerError
from infra.messaging.broker import connected_broker
from infra.operations.operation_state import NATS_ANSWERS_WITHIN_S
from processors.delivery.lane_owners import load_owners


@asynccontextmanager
async def beside_workers(state: ConsoleState, engine: AsyncEngine, consumers: Collection[str]) -> AsyncIterator[Client]:
    """A client of NATS. Raises ``Refused`` where no worker owns a lane of these consumers, or NATS does not answer."""
    async with engine.connect() as connection:
        owned = {consumer for consumer, _ in await load_owners(connection)}
    idle = sorted(set(consumers) - owned)
    if idle or not state.nats_url:
        raise Refused(
            f"没有结算进程在运行（{'、'.join(idle) or 'NATS'}），发出后无人处理：请先启动 claims up。"
            "No worker runs that would go on with it: start `claims up` first"
        )
    try:
        async with connected_broker(state.nats_url, state.settings.nats_ca, within_s=NATS_ANSWERS_WITHIN_S) as broker:
            yield broker.connection
    except ServerError as error:
        raise Refused(f"NATS 没有响应。NATS does not answer: {error}") from None
