"""What a process of a simulation does: it settles the persons of one part, at the moment that all parts read."""

from functools import lru_cache

import msgspec
import uvloop
from msgspec import Struct

from infra.postgres.engine import connect
from processors.proof.verification.snapshot import snapshot
from processors.simulation.facts import PersonRange, read_facts
from processors.simulation.fold import Fold
from processors.simulation.plan import SimulationPlan
from processors.simulation.totals import SimulationTotals


class SimulationTask(Struct, frozen=True):
    """Where the ledger is, the name of the moment to read (see ``snapshot.share``), and what is to be settled."""

    database_url: str
    shared: str
    plan: SimulationPlan


def settle_part(assignment: bytes, part: PersonRange) -> SimulationTotals:
    """Settle the persons of a part under the law as it is and under each variant. For an executor's processes."""
    task, fold = _begun(assignment)
    return uvloop.run(_settled(task, fold, part))


async def _settled(task: SimulationTask, fold: Fold, part: PersonRange) -> SimulationTotals:
    totals = fold.totals()
    engine = connect(task.database_url, pool_size=1)
    try:
        async with snapshot(engine, task.shared) as connection:
            async for persons in read_facts(connection, part):
                for person in persons:
                    fold.count(person, totals)
    finally:
        await engine.dispose()
    return totals


@lru_cache(maxsize=1)
def _begun(assignment: bytes) -> tuple[SimulationTask, Fold]:
    task = msgspec.msgpack.decode(assignment, type=SimulationTask)
    return task, task.plan.fold()
