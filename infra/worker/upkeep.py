"""A worker's periodic tasks: purge streams, move finance's sums forward, look for leads, send what cases decided,
report the lag and lanes without a worker."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from functools import partial
from typing import Any

import structlog
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.case_facts import send_facts
from infra.messaging.streams import lag
from infra.tasks import end
from infra.worker.failures import NATS_AWAY_ERRORS, error_line, log_failure
from infra.worker.lane import Lane
from infra.worker.lead_worker import LeadAssignment, look_once_at_rest
from processors.delivery.lane_owners import load_owners
from processors.delivery.names import INTAKE_CONSUMER
from processors.finance.catch_up import catch_up
from processors.supervision.catch_up import anything_new

log = structlog.get_logger(__name__)

PURGE_S = 15.0
"""How long a purge of what was taken may last; what is left stays until the next one."""
PURGE_ROUNDS = 60
"""How many of a worker's rounds pass between two purges of what was taken."""
SUMS_ROUNDS = 60
"""How many rounds pass between two times that finance's sums are moved forward."""
LEAD_ROUNDS = 300
"""How many rounds pass between two looks for leads in persons' claims."""
PEER_ROUNDS = 3_600
"""How many between two looks at hospitals and peers too, which read all claims of a year."""
FACTS_ROUNDS = 10
"""How many rounds pass between two looks at facts of cases that intake does not have yet."""
LAG_ROUNDS = 10
"""How many rounds pass between two looks at what waits to be taken, and at who owns the lanes."""


class Upkeep:
    """Tasks beside the lanes that a worker owns, by their name; no round of the worker waits for one."""

    def __init__(
        self,
        engine: AsyncEngine,
        database_url: str,
        client: Callable[[], Client],
        owned: Mapping[str, Lane],
        lanes: Callable[[], Collection[tuple[str, int]]],
    ) -> None:
        """``lanes`` gives all of the ledger, by consumer and partition, those of other workers too."""
        self._engine = engine
        self._database_url = database_url
        self._client = client
        self._owned = owned
        self._lanes = lanes
        self._unowned: frozenset[tuple[str, int]] = frozenset()
        self._told: frozenset[tuple[str, int]] = frozenset()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, rounds: int) -> None:
        """Begin what is due after so many rounds, unless it is still being done."""
        if rounds % PURGE_ROUNDS == 0:
            self._begin("purge", self.purge)
        if rounds % SUMS_ROUNDS == 0 and self._counts_for_all():
            self._begin("sums", self._move_sums)
        if rounds % LEAD_ROUNDS == 0 and self._counts_for_all():
            self._begin("leads", partial(self._look_for_leads, peers=rounds % PEER_ROUNDS == 0))
        if rounds % FACTS_ROUNDS == 0 and self._counts_for_all():
            self._begin("facts", self._send_facts)
        if rounds % LAG_ROUNDS == 0:
            self._begin("lag", self._report_lag)
            self._begin("owners", self._report_unowned)

    async def stop(self) -> None:
        """Cancel what is being done."""
        await end(self._tasks.values())

    async def purge(self) -> None:
        """Purge what the lanes have taken; a lane for which that fails keeps no other from it."""
        until = asyncio.get_running_loop().time() + PURGE_S
        for lane in list(self._owned.values()):
            try:
                async with asyncio.timeout_at(until):
                    await lane.purge()
            except Exception as error:  # noqa: BLE001 - what stays is purged the next time
                log.warning("not purged", lane=lane.name, error=error_line(error))

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(work(), name=name)

    def _counts_for_all(self) -> bool:
        """Whether finance's sums are this worker's to move forward: one of all does, the one with intake's lane."""
        return any(lane.handler.consumer == INTAKE_CONSUMER for lane in self._owned.values())

    async def _move_sums(self) -> None:
        """Count for finance what was booked since, in transactions of its own that end within a minute."""
        try:
            await catch_up(self._engine)
        except Exception as error:  # noqa: BLE001 - whole steps stay, the next time goes on from there
            log.warning("finance's sums not moved forward", error=error_line(error))

    async def _look_for_leads(self, *, peers: bool) -> None:
        """Look for leads in what is new, in a process that stands back behind the lanes."""
        try:
            if await anything_new(self._engine, peers=peers):
                await look_once_at_rest(self._engine, LeadAssignment(self._database_url, peers))
        except Exception as error:  # noqa: BLE001 - the next look begins where the last one ended
            log.warning("leads not looked for", error=error_line(error))

    async def _send_facts(self) -> None:
        """Send what a command decided and was ended before it sent."""
        try:
            if sent := await send_facts(self._engine, self._client()):
                log.info("facts of cases sent", facts=len(sent))
        except NATS_AWAY_ERRORS:  # the lanes say so themselves
            return
        except Exception as error:  # noqa: BLE001 - they stay where they are, the next time sends them
            log.warning("facts of cases not sent", error=error_line(error))

    async def _report_unowned(self) -> None:
        """Say in the log which lanes no worker owns at two looks: nothing that comes to them is taken."""
        try:
            async with self._engine.connect() as connection:
                unowned = frozenset(self._lanes()) - (await load_owners(connection)).keys()
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: what is not told here is told nowhere
            log_failure(log, "owners of lanes not read", error)
            return
        lasting, self._unowned = unowned & self._unowned, unowned
        if lasting and lasting != self._told:
            lanes = sorted(f"{consumer}.{partition}" for consumer, partition in lasting)
            log.warning("lanes without a worker", lanes=lanes)
        self._told = lasting

    async def _report_lag(self) -> None:
        """Say in the log how many messages wait for each lane of ours, where any do."""
        js = self._client().jetstream()
        try:
            waiting = {lane.name: await lag(js, lane.stream, lane.durable) for lane in list(self._owned.values())}
        except NATS_AWAY_ERRORS:  # the lanes say so themselves
            return
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: what is not told here is told nowhere
            log_failure(log, "lag not reported", error)
            return
        if behind := {name: count for name, count in waiting.items() if count}:
            log.info("lag", **behind)
