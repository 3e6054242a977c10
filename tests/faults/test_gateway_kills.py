"""Gateway, workers and NATS are killed under hospitals that speak over HTTP: nothing is lost, nothing is done twice."""

from pathlib import Path

from tests.faults.gateway import hospitals_at_work, patients
from tests.faults.harness import LEAVES_CONNECTIONS

STAYS, FAULTS = 60, 4


@LEAVES_CONNECTIONS
async def test_each_is_killed_under_hospitals_at_work(server_folder: Path) -> None:
    people = patients(STAYS)
    told: list[str] = []
    async with hospitals_at_work(5, server_folder, people) as ours:
        found = await ours.run(people, FAULTS, told.append)
    assert found.hold, (found, told)
    assert ours.faults.total() == FAULTS, told
    assert ours.repeats, "no call met a fault"
