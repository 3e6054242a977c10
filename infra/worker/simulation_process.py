"""What a process of a simulation does: it settles the persons of one part, at the moment that all parts read."""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec
import uvloop
from msgspec import Struct

from infra.postgres.engine import connect
from infra.worker.fact_shards import is_proven, note_proven, read_shard, shard_file, write_shard
from processors.proof.verification.snapshot import snapshot
from processors.simulation.facts import PersonRange, SimulatedPerson, read_facts
from processors.simulation.fold import Fold
from processors.simulation.plan import SimulationPlan
from processors.simulation.totals import SimulationTotals


class SimulationTask(Struct, frozen=True):
    """Where the ledger is, the name of the moment to read (see ``snapshot.share``), and what is to be settled.

    Facts are kept in the folder ``kept``, and taken from there where they are; nowhere where it is None.
    """

    database_url: str
    shared: str
    plan: SimulationPlan
    kept: str | None = None


def settle_part(assignment: bytes, part: PersonRange) -> SimulationTotals:
    """Settle the persons of a part under the law as it is and under each variant. For an executor's processes."""
    task, fold = _begun(assignment)
    if task.kept is not None:
        # a simulation that was begun at a later moment removes the facts of this one, which PostgreSQL still shows
        with suppress(FileNotFoundError):
            return _settle_kept(task, fold, part, shard_file(Path(task.kept), part.number))
    return _settle(fold, uvloop.run(_read(task, part)))


def _settle_kept(task: SimulationTask, fold: Fold, part: PersonRange, shard: Path) -> SimulationTotals:
    if not shard.exists():
        write_shard(shard, uvloop.run(_read(task, part)))
    proven = is_proven(shard, task.plan.scope)
    totals = _settle(fold, read_shard(shard), proven=proven)
    if not proven and not totals.unlike_count:
        note_proven(shard, task.plan.scope)
    return totals


def _settle(fold: Fold, persons: Iterable[SimulatedPerson], *, proven: bool = False) -> SimulationTotals:
    totals = fold.totals()
    for person in persons:
        fold.count(person, totals, proven=proven)
    return totals


async def _read(task: SimulationTask, part: PersonRange) -> list[SimulatedPerson]:
    engine = connect(task.database_url, pool_size=1)
    try:
        async with snapshot(engine, task.shared) as connection:
            return [person async for persons in read_facts(connection, part) for person in persons]
    finally:
        await engine.dispose()


@lru_cache(maxsize=1)
def _begun(assignment: bytes) -> tuple[SimulationTask, Fold]:
    task = msgspec.msgpack.decode(assignment, type=SimulationTask)
    return task, task.plan.fold()
