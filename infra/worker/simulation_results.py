"""A simulation's result, made once: one that is kept beside the ledger is taken again under the same identity alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from infra.files.atomic import PRIVATE, write_atomically
from infra.worker.fact_shards import shards_of
from infra.worker.simulations import Settling, simulator
from policies.reform import ReformFile
from processors.simulation.changed_texts import ChangedTexts
from processors.simulation.plan import Asked, Simulation
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
    async with simulator(database_url, settling) as simulating:
        simulation = await simulating.planned(reforms, asked)
        changed = simulation.plan.changed()
        file = None if settling.kept_in is None else _file_of(settling.kept_in, simulation)
        if file is not None and (kept := _kept(file, simulation.identity)) is not None:
            return SimulationResult(kept, changed, None)
        done = await simulating.settled(simulation)
    told = result_json(simulation, done.totals, done.moved)
    if file is not None and not done.totals.unlike_count and not done.totals.in_flight:
        _keep(file, told)
    return SimulationResult(told, changed, done.totals)


def _file_of(data_dir: Path, simulation: Simulation) -> Path:
    return shards_of(data_dir, simulation.moment) / f"result-{simulation.identity}.json"


def _kept(file: Path, identity: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = orjson.loads(file.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return told if told.get("identity") == identity else None


def _keep(file: Path, told: Mapping[str, Any]) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)  # a simulation of a later moment may have removed it
    kept = sorted(file.parent.glob("result-*.json"), key=lambda other: other.stat().st_mtime_ns)
    for oldest in kept[: -(MOST_KEPT - 1)]:
        oldest.unlink(missing_ok=True)
    write_atomically(file, orjson.dumps(told), PRIVATE)
