"""The ledger that ``claims whatif`` asks, with its servers for as long as that takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.cli.session import ledger_servers, migrate_and_learn, require_ledger
from infra.settings import Settings
from infra.worker.goal_search import require_layers
from policies.goal import GoalFile
from processors.simulation.plan import Asked


@asynccontextmanager
async def ledger_to_simulate(settings: Settings, goal: GoalFile | None, asked: Asked) -> AsyncIterator[str]:
    """The URL of its database, which has every layer that a goal or assumptions name. Raises ``ReformError`` where it
    lacks one, and ``NoLedger``."""
    require_ledger(settings)
    async with ledger_servers(settings, "whatif", nats=False) as endpoints:
        await migrate_and_learn(endpoints.database_url)
        require_layers(goal, asked.assumptions)
        yield endpoints.database_url
