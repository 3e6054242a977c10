"""A simulation's result, made once: one that is kept beside the ledger is taken again under the same identity alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from infra.files.atomic import PRIVATE, write_atomically
from infra.postgres.engine import connect
from infra.worker.fact_shards import shards_of
from infra.worker.simulations import Settling, simulate
from policies.reform import ReformFile
from processors.proof.verification.snapshot import snapshot
from processors.simulation.changed_texts import ChangedTexts
from processors.simulation.plan import Asked, Simulation, planned
from processors.simulation.result import result_json
from processors.simulation.totals import SimulationTotals

MOST_KEPT = 40
"""Results of one moment of the ledger; the oldest goes first."""


class SimulationResult(NamedTuple):
    """What ``result_json`` tells, and what reforms change of the texts. Of a result that was kept ``totals`` is None.

    Where the books are not what settling anew gives (``totals.unlike_count``), ``told`` is not to be shown.
    """

    told: dict[str, Any]
    changed: list[ChangedTexts]
    totals: SimulationTotals | None

    @property
    def persons(self) -> int:
        """How many persons it is of."""
        return int(self.told["persons"]["all"])


async def simulation_result(
    database_url: str,
    reforms: Sequence[ReformFile],
    asked: Asked,
    settling: Settling | None = None,
) -> SimulationResult:
    """Simulate, or take the result that a data directory keeps. Arguments and errors are those of ``simulate``.

    Kept is what was held against the books, for everybody: neither where books differ nor where a person is in flight.
    """
    settling = settling or Settling()
    kept_in = settling.kept_in
    if kept_in is not None:
        found = await _planned(database_url, reforms, asked)
        told = _kept(_file_of(kept_in, found), found.identity)
        if told is not None:
            return SimulationResult(told, found.plan.changed(), None)
    done = await simulate(database_url, reforms, asked, settling)
    told = result_json(done.simulation, done.totals, done.moved)
    if kept_in is not None and not done.totals.unlike_count and not done.totals.in_flight:
        file = _file_of(kept_in, done.simulation)
        _forget_oldest(file.parent)
        write_atomically(file, orjson.dumps(told), PRIVATE)
    return SimulationResult(told, done.simulation.plan.changed(), done.totals)


async def _planned(database_url: str, reforms: Sequence[ReformFile], asked: Asked) -> Simulation:
    engine = connect(database_url, pool_size=1)
    try:
        async with snapshot(engine) as connection:
            return await planned(connection, reforms, asked)
    finally:
        await engine.dispose()


def _file_of(data_dir: Path, simulation: Simulation) -> Path:
    return shards_of(data_dir, simulation.moment) / f"result-{simulation.identity}.json"


def _kept(file: Path, identity: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = orjson.loads(file.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return told if told.get("identity") == identity else None


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("result-*.json"), key=lambda file: file.stat().st_mtime_ns)
    for file in kept[: -(MOST_KEPT - 1)]:
        file.unlink(missing_ok=True)
