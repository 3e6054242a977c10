"""The sandbox at work: workers and a gateway over the made-up county."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.gateway.server import serving
from infra.http.address import Address
from infra.operations.made_up_ledger import require_made_up
from infra.operations.settle import at_work
from infra.sandbox.county import SandboxPerson, facts
from infra.sandbox.preparation import prepare_county, sandbox_keys
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """Where it answers, and the ledger behind it."""

    url: str
    engine: AsyncEngine
    client: Client


@asynccontextmanager
async def running_sandbox(
    endpoints: Endpoints, settings: Settings, address: Address, people: Sequence[SandboxPerson]
) -> AsyncIterator[RunningSandbox]:
    """The sandbox within the block. Raises ``NotEmpty`` for a ledger of other events, ``ListenError``."""
    await require_made_up(endpoints.database_url, next(facts([*people], 0)))
    keys = sandbox_keys(settings)
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, at_work(ours):
        await prepare_county(ours, settings, keys, people)
        async with serving(endpoints.database_url, endpoints.nats_url, settings, keys, address) as running:
            yield RunningSandbox(running.url, ours.engine, ours.broker.connection)
