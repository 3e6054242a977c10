"""Many events at once and a slow database; `make chaos` does 200,000."""

from pathlib import Path

from tests.faults.backpressure import BOUND_MB, WAITING, flood


async def test_many_events_at_once_wait_outside_the_worker(database: str, nats_url: str, server_folder: Path) -> None:
    # so slow and so many that some still wait when the worker looks at what waits, after some ten seconds
    flooded = await flood(database, nats_url, server_folder, events=12_000, delay_s=0.05, slow_s=0)
    assert flooded.missing == 0
    assert flooded.largest_lag >= WAITING
    assert flooded.peak_mb < BOUND_MB
