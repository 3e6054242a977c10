"""A worker killed at each point of its batch, in every kind of consumer; `make chaos` does every consumer at each."""

from pathlib import Path

from tests.faults.conftest import Undisturbed
from tests.faults.harness import Figures, Given, compare, read_books
from tests.faults.points import die_again_and_again, some_deaths


async def test_a_worker_dies_at_every_point_of_a_batch(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    await die_again_and_again(Given(database, nats_url), undisturbed.lines, some_deaths(20193), server_folder)
    found = compare(await read_books(database), undisturbed.books, events=len(undisturbed.lines))
    assert found == Figures(events=len(undisturbed.lines))
