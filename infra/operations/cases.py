"""What cases decided is sent to intake and settled."""

from contextlib import nullcontext

from infra.messaging.case_facts import send_facts
from infra.operations.quiescence import until_quiet, until_taken
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker


async def settle_facts(endpoints: Endpoints, settings: Settings) -> int:
    """Send what the ledger does not hold, and have it settled; returns how many facts were sent.

    Beside a running ``claims up`` this returns when intake has taken them; with other servers, when all is settled.
    """
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours:
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            places = await send_facts(ours.engine, ours.broker.connection)
            if shared:
                await until_taken(ours.engine, max(places, default=0))
            else:
                await until_quiet(ours.engine, places)
    return len(places)
