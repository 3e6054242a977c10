"""5,000 events at once and a slow database; `make chaos` does 200,000."""

from pathlib import Path

import pytest

from tests.faults.backpressure import BOUND_MB, flood

pytestmark = pytest.mark.timeout(180)


async def test_many_events_at_once_wait_outside_the_worker(database: str, nats_url: str, server_folder: Path) -> None:
    flooded = await flood(database, nats_url, server_folder, events=5_000, delay_s=0.02, slow_s=3)
    assert flooded.missing == 0
    assert flooded.largest_lag > 1_000
    assert flooded.peak_mb < BOUND_MB
