"""A simulation by the workers of a Dask cluster is the same as by this machine's own processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from infra.postgres.engine import database_url_of
from infra.worker import simulations
from infra.worker.cluster import ClusterError
from infra.worker.simulations import Settling, simulate
from policies.reform import read_reform
from processors.simulation.burdens import Breakdown
from processors.simulation.facts import PersonRange, person_ranges
from processors.simulation.plan import Asked
from tests import facts
from tests.ledger import Books
from tests.simulation_county import LINE, RATIO, reform_file, two_persons

WORKERS = 2


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of a scheduler with two workers, each a process."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as running:
        yield running.scheduler_address


def finished(dask_worker: Any) -> int:
    """How many tasks a worker has done."""
    return int(dask_worker.state.executed_count)


async def test_two_workers_of_a_cluster_come_to_the_same(
    books: Books, tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"P{number}" for number in range(3, 11)]
    stays = [facts.stay(number, person, "2019-09-10", in_scope="20600") for number, person in enumerate(people, 5)]
    await books.publish([*two_persons(), *(facts.enrol(person, 2019, "360923") for person in people)])
    await books.publish([event for stay in stays for event in stay])

    async def one_each(connection: Any) -> list[PersonRange]:
        return await person_ranges(connection, 1)

    monkeypatch.setattr(simulations, "person_ranges", one_each)
    file = reform_file(tmp_path, "都", "shanggao", LINE, RATIO)
    reforms, url = [read_reform(file.read_bytes(), file.name)], database_url_of(books.engine)
    asked = Asked(breakdown=Breakdown(("year", "decile"), persons=True))
    own = await simulate(url, reforms, asked, Settling(workers=1))
    there = await simulate(url, reforms, asked, Settling(cluster=cluster))
    assert (own.totals.persons, own.totals.variants[0].gain) == (10, 9)
    assert there.simulation.identity == own.simulation.identity
    for of in (own, there):  # persons stand in the order in which parts end
        of.totals.burdens.rows = type(of.totals.burdens.rows)("q", sorted(of.totals.burdens.rows))
    assert there.totals == own.totals
    assert there.moved == own.moved
    async with Client(cluster, asynchronous=True) as client:  # type: ignore[no-untyped-call]
        done = await client.run(finished)
    assert len(done) == WORKERS
    assert min(done.values()) > 0


async def test_a_cluster_that_is_not_there_is_said(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.worker.cluster.CONNECT_S", 0.2)
    file = reform_file(tmp_path, "线", "shanggao", LINE)
    reforms = [read_reform(file.read_bytes(), file.name)]
    with pytest.raises(ClusterError, match=r"连不上 Dask 调度器 tcp://127\.0\.0\.1:1 "):
        await simulate(database_url_of(books.engine), reforms, Asked(), Settling(cluster="tcp://127.0.0.1:1"))
