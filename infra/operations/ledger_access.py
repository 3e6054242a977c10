"""How a step reaches the ledger: the database that it reads, and NATS for the events that it sends."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.broker import connected_broker
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker
from processors.delivery.lane_owners import load_owners
from processors.delivery.names import INTAKE_CONSUMER

ANSWERS_WITHIN_S = 5.0
"""How long a step beside workers tries to connect to NATS: somebody waits for it."""


class NoWorkers(RuntimeError):
    """Nobody runs what takes events in; the message says what to start."""


@dataclass(frozen=True, slots=True)
class LedgerAccess:
    """``settles``: this process takes in and settles what it sends; else workers beside it do."""

    engine: AsyncEngine
    client: Client
    settles: bool


@asynccontextmanager
async def own_access(endpoints: Endpoints, settings: Settings) -> AsyncIterator[LedgerAccess]:
    """A command's: with servers of our own, or given ones, this process works; beside a running ``claims up`` that
    one does."""
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours:
        settles = endpoints.owned or settings.external is not None
        async with at_work(ours) if settles else nullcontext():
            yield LedgerAccess(ours.engine, ours.broker.connection, settles)


@asynccontextmanager
async def access_beside_workers(
    engine: AsyncEngine, nats_url: str, ca: Path | None, consumers: Collection[str] = (INTAKE_CONSUMER,)
) -> AsyncIterator[LedgerAccess]:
    """That of who runs no worker. Raises ``NoWorkers`` where nobody owns a lane of one of these consumers;
    ``ServerError`` where NATS does not answer."""
    idle = sorted(set(consumers) - await owned_consumers(engine))
    if idle or not nats_url:
        raise NoWorkers(
            f"没有结算进程在运行（{'、'.join(idle) or 'NATS'}），事件发出后无人受理："
            "请信息中心启动 claims up（连同控制台为 claims up --console）。"
            "No worker runs that would take events in: start `claims up`, or `claims up --console`"
        )
    async with connected_broker(nats_url, ca, within_s=ANSWERS_WITHIN_S) as broker:
        yield LedgerAccess(engine, broker.connection, settles=False)


async def owned_consumers(engine: AsyncEngine) -> set[str]:
    """Consumers of which a worker owns a lane."""
    async with engine.connect() as connection:
        return {consumer for consumer, _ in await load_owners(connection)}


async def events_are_taken(engine: AsyncEngine) -> bool:
    """Whether a worker takes events in."""
    return INTAKE_CONSUMER in await owned_consumers(engine)
