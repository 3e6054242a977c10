"""The commands that integrators are shown, beside a running `claims up` with the events to try."""

import asyncio
import json
import sys
from pathlib import Path

from infra.border.answers import QUOTED
from tests import natscli
from tests.border import as_said
from tests.program import background, claims, environment, outcome, up_is_ready

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


async def output(*command: str | Path, env: dict[str, str]) -> bytes:
    """What a program prints that must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    ended = await outcome(process, f"{command}")
    assert ended.code == 0, ended.err
    return ended.out


async def test_a_hospital_asks_sends_and_hears(tmp_path: Path, server_folder: Path) -> None:
    data, log, programs = server_folder / "data", tmp_path / "up.log", tmp_path / "bin"
    programs.mkdir()
    nats = programs / "nats"
    nats.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{natscli.__file__}" "$@"\n')
    nats.chmod(0o755)
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        assert (await claims("publish", EXAMPLES / "first.jsonl", "--data-dir", data)).code == 0
        given = await claims("access", "hospital", "H1", "--json", "--data-dir", data)
        url = given.rows[0]["nats_url"]

        env = environment(NATS_URL=url, TMPDIR=str(tmp_path))
        env["PATH"] = f"{programs}:{env['PATH']}"
        shell = ("sh", EXAMPLES / "hospital.sh", "H1", "P2", "2019-05-06")
        quoted, answer = map(json.loads, (await output(*shell, env=env)).splitlines())
        again = (await output(*shell, env=env)).splitlines()

    # the trial is what is settled then: (7,000 − 700) × 70%, and half of what is left, the line being used up in March
    assert quoted["statement"] == answer["data"]
    assert answer["type"] == "claim.settled.v1"
    assert answer["data"]["layers"] == [
        {"layer": "basic", "paid": "4410.00"}, {"layer": "critical_illness", "paid": "1295.00"}
    ]  # fmt: skip
    # sent again: no open admission to ask about, and the answer as it was but for its time
    refused, repeated = map(json.loads, again)
    assert refused["refused"]["reason"] == "source_not_allowed"
    assert repeated == answer | {"time": repeated["time"]}

    assert [as_said(QUOTED, reply) for reply in (quoted, refused)] == [[], []]
    assert [as_said(told["type"], told) for told in (answer, repeated)] == [[], []]
