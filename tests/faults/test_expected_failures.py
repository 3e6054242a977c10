"""What is expected to happen is one line of the log, with its meaning; a traceback in the log means a bug."""

import time
from pathlib import Path
from typing import Any

import orjson

from policies.loader import SCHEMES
from tests import facts
from tests.faults.conftest import Undisturbed
from tests.faults.harness import SETTLED, Given, ask, assert_same, log_lines, publish, until, until_quiet
from tests.program import claims, dump_of, eventually

_END_ALL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'claims' AND pid <> pg_backend_pid()
"""


def _of_event(log: Path, event: str) -> list[dict[str, Any]]:
    return [line for line in log_lines(log) if line["event"] == event]


def _assert_no_traceback(log: Path) -> None:
    assert [line for line in log_lines(log) if "exception" in line] == []
    assert "Traceback" not in log.read_text()


async def _end_until_told(database: str, log: Path) -> None:
    """End all connections of the worker, again where it lost only idle ones, which the pool replaces without a word."""
    before, ended_at = len(_of_event(log, "database connection lost")), 0.0

    async def told() -> bool:
        nonlocal ended_at
        if time.monotonic() - ended_at > 3:
            ended_at = time.monotonic()
            await ask(database, _END_ALL)
        return len(_of_event(log, "database connection lost")) > before

    await eventually(told, log.read_text)


async def test_a_scheme_adopted_beside_a_worker_is_one_line_at_info(
    database: str, nats_url: str, server_folder: Path
) -> None:
    given, log = Given(database, nats_url), server_folder / "log"
    changed = server_folder / "shanggao.yaml"
    text = (SCHEMES / "shanggao.yaml").read_text(encoding="utf-8")
    changed.write_text(text.replace("{tier: 2, value: 80%,", "{tier: 2, value: 81%,"), encoding="utf-8")
    async with given.worker(log):
        first = await publish(nats_url, [orjson.dumps(facts.hospital()), orjson.dumps(facts.enrol("P1"))])
        await until_quiet(database, first)
        adopted = await claims("schemes", "adopt", changed, "--actor", "test", env=given.env)
        assert adopted.code == 0, adopted.err
        last = await publish(nats_url, [orjson.dumps(event) for event in facts.stay(1)])
        await until_quiet(database, last)
    (fenced,) = _of_event(log, "lane fenced")
    assert (fenced["level"], fenced["lane"]) == ("info", "intake.0")
    assert "a scheme was adopted" in fenced["meaning"]
    assert [line for line in log_lines(log) if line["level"] != "info"] == []
    _assert_no_traceback(log)


async def test_a_connection_that_the_server_ends_is_one_line_at_warning(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    given, log = Given(database, nats_url), server_folder / "log"
    async with given.worker(log) as worker:
        last = await publish(nats_url, undisturbed.lines)
        for settled in (1, 100, 200):
            await until(database, SETTLED, lambda found, settled=settled: found >= settled)  # type: ignore[misc]
            await _end_until_told(database, log)
        await until_quiet(database, last)
        assert worker.returncode is None, log.read_text()
        assert_same(await dump_of(database), undisturbed.dump)
    told = _of_event(log, "database connection lost")
    assert {line["level"] for line in told} == {"warning"}
    assert all("rolled back" in line["meaning"] for line in told)
    _assert_no_traceback(log)
