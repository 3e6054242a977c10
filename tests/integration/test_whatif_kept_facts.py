"""The facts that a simulation keeps may be removed while it runs, by another that was begun at a later moment."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.postgres.engine import database_url_of
from infra.worker import simulation_process
from infra.worker.fact_shards import is_proven, write_shard
from infra.worker.simulations import Settling, simulate
from policies.reform import read_reform
from processors.simulation.plan import Asked
from tests.ledger import Books
from tests.simulation_county import LINE, reform_file, two_persons


@pytest.mark.parametrize("after", [write_shard, is_proven])
async def test_a_simulation_outlives_the_removal_of_its_facts(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: Callable[..., object]
) -> None:
    await books.publish(two_persons())
    file, url = reform_file(tmp_path, "线", "shanggao", LINE), database_url_of(books.engine)
    reforms, removed = [read_reform(file.read_bytes(), file.name)], list[Path]()
    wanted = await simulate(url, reforms, Asked(), Settling(workers=1))

    def and_removed(path: Path, *given: object) -> object:
        outcome = after(path, *given)
        shutil.rmtree(path.parent)
        removed.append(path)
        return outcome

    monkeypatch.setattr(simulation_process, after.__name__, and_removed)
    found = await simulate(url, reforms, Asked(), Settling(workers=1, kept_in=tmp_path))
    assert found.totals == wanted.totals
    assert found.totals.variants[0].difference.paid["critical_illness"] == 450_000
    assert removed
    monkeypatch.undo()
    again = await simulate(url, reforms, Asked(), Settling(workers=1, kept_in=tmp_path))
    proven = await simulate(url, reforms, Asked(), Settling(workers=1, kept_in=tmp_path))
    assert again.totals == proven.totals == wanted.totals
