"""Many events at once to a worker whose database is slow: what it holds in memory, what it says, what arrives."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from tests import facts
from tests.faults.harness import INTAKE_TAKEN, Given, publish, until, until_quiet
from tests.faults.proxy import proxy_of
from tests.program import claims, eventually

BOUND_MB = 250
"""A worker's memory at its peak, whatever waits: some 100 MB of program, two pulls and one batch a lane."""
STAYS = 50
WAITING = 2_000
"""Events sent while the database stands still, which therefore wait."""

_MISSING = """
SELECT count(*) FROM unnest($1::text[], $2::text[]) AS sent (source, id)
WHERE NOT EXISTS (SELECT FROM ledger.entries WHERE source = sent.source AND event_id = sent.id)
"""


@dataclass(frozen=True)
class Flooded:
    """``largest_lag`` as `claims status` told it while the database was slow; ``missing`` events are in no entry."""

    events: int
    missing: int
    peak_mb: float
    largest_lag: int
    events_per_s: float
    bound_mb: int = BOUND_MB


def flood_of(events: int) -> list[dict[str, Any]]:
    """One hospital, many enrolled, some of whom stay there."""
    people = [facts.enrol(f"P{number}") for number in range(events - 1 - 2 * STAYS)]
    stays = [event for number in range(STAYS) for event in facts.stay(number, f"P{number}")]
    return [facts.hospital(), *people, *stays]


async def flood(
    database_url: str, nats_url: str, folder: Path, *, events: int, delay_s: float, slow_s: float
) -> Flooded:
    """Publish all at once, let the database be slow for a while, wait until everything is settled.

    It stays slow until the worker's own log has told the lag, if that takes longer than ``slow_s``.
    """
    sent, log = flood_of(events), folder / "flood.log"
    lines = [orjson.dumps(event) for event in sent]
    async with proxy_of(database_url) as proxy:
        given = Given(proxy.url(database_url), nats_url)
        async with given.worker(log) as worker:
            proxy.delay_s = delay_s
            await publish(nats_url, lines[:-WAITING])
            began = time.monotonic()
            await until(database_url, INTAKE_TAKEN, lambda taken: taken > 0)
            # nothing is taken while the question is put, so that what is sent now is known to wait
            proxy.hold()
            last = await publish(nats_url, lines[-WAITING:])
            lag = await _told_by_status(Given(database_url, nats_url))
            proxy.heal()
            await asyncio.sleep(max(0.0, slow_s - (time.monotonic() - began)))
            await eventually(lambda: _told_lag(log), lambda: f"no lag told in {log.read_text()[-2000:]}")
            proxy.delay_s = 0.0
            await until_quiet(database_url, last, 60 + events / 200)
            seconds = time.monotonic() - began
            peak = _peak_mb(worker.pid)
            assert worker.returncode is None, log.read_text()
    missing = await _missing(database_url, sent)
    return Flooded(events, missing, peak, lag, round(events / seconds))


async def _told_by_status(given: Given) -> int:
    status = await claims("status", "--json", env=given.env)
    assert status.code == 0, status.err
    return max(row["lag"] or 0 for row in status.rows[0]["consumers"])


async def _missing(database_url: str, sent: list[dict[str, Any]]) -> int:
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        sources, ids = [event["source"] for event in sent], [event["id"] for event in sent]
        return int(await connection.fetchval(_MISSING, sources, ids))
    finally:
        await connection.close()


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


def _told_lag(log: Path) -> bool:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return any(line.get("event") == "lag" and line.get("intake.0", 0) > 0 for line in lines)
