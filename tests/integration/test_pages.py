"""What README and the pages for finance and investigators show is what comes: each page in a ledger of its own."""

import asyncio
import json
import re
import shlex
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from events.county_time import COUNTY_TIME
from infra.cli import app

Env = Mapping[str, str]
ROOT = Path(__file__).parents[2]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
MONTH_SHOWN = "2026-11"
"""The month in which the pages were written: bookings are of the month in which they are tried."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def first_steps(page: str, heading: str) -> list[str]:
    section = (ROOT / page).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [
        line.partition("#")[0].strip() for line in re.findall(r"^    (\.venv/bin/claims .*)$", section, re.MULTILINE)
    ]


def shown(text: str) -> str:
    """Without what differs from run to run: moments, and how wide a table is drawn."""
    return " ".join(MOMENT.sub("(then)", text).split())


def missing_line(expected: Sequence[str], output: str) -> str | None:
    """The first expected line that the output has not behind the one before; … stands for anything."""
    rest = shown(output)
    for line in expected:
        found = re.search(".*?".join(re.escape(shown(part)) for part in line.split("…")), rest)
        if found is None:
            return line
        rest = rest[found.end() :]
    return None


async def call(command: str, env: Env) -> Result:
    """A command in this process, which spares the second that a new one takes to load the program."""
    arguments = shlex.split(command)[1:]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=dict(env))


async def done(command: str, env: Env) -> str:
    """What a command prints that must end well."""
    result = await call(command, env)
    assert result.exit_code == 0, f"{command}: {result.output} {result.exception}"
    return result.stdout


@asynccontextmanager
async def login(role: str, env: Env) -> AsyncIterator[Env]:
    """The environment of somebody to whom the operator gives a login for the time being."""
    name = f"{role}_{uuid.uuid4().hex}"
    given = await done(f"claims access database --role {role} --login {name} --json", env)
    yield {"CLAIMS_DATABASE_URL": json.loads(given)["database_url"]}
    await done(f"claims access database --login {name} --drop", env)


async def walk(page: str, env: Env) -> None:
    """Every ```console block: commands behind $, and lines of what they print."""
    month = datetime.now(COUNTY_TIME).strftime("%Y-%m")
    for block in blocks(page, "console"):
        for example in block.replace(MONTH_SHOWN, month).split("$ claims ")[1:]:
            command, *expected = example.splitlines()
            output = await done(f"claims {command}", env)
            assert missing_line([line for line in expected if line != "…"], output) is None, f"{command}:\n{output}"


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, nats_url: str) -> Env:
    """An empty ledger, and a folder that has the docs in it, so that commands read as they do in the project's."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    return {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": nats_url}


async def test_the_first_steps_go(env: Env, tmp_path: Path) -> None:
    steps = first_steps("README.md", "First steps")
    assert steps == first_steps("README.zh.md", "先试一试")
    assert len(steps) > 5
    for step in steps:
        assert await done(step, env) or "--out" in step, step
    assert "P2" in (tmp_path / "P2.html").read_text(encoding="utf-8")


async def test_investigators_see_what_they_are_shown(env: Env) -> None:
    await walk("docs/investigators.md", env)
    async with login("investigator", env) as reader:
        reading = ("replay P1", "verify", "rebuild --dry-run", "statements --uplift", "fines", "refusals", "waiting")
        for command in (*reading, "file P1 --out P1.html", "seal --check seal.json"):
            await done(f"claims {command}", reader)
        assert "permission denied" in str((await call("claims seal --out other.json", reader)).exception)


async def test_finance_sees_what_it_is_shown(env: Env) -> None:
    await walk("docs/finance.md", env)
    queries, results = blocks("docs/finance.md", "sql"), blocks("docs/finance.md", "text")
    assert len(queries) == len(results) > 3
    async with login("finance_reader", env) as reader:
        connection = await asyncpg.connect(reader["CLAIMS_DATABASE_URL"], ssl=False)
        try:
            for query, result in zip(queries, results, strict=True):
                heading, _, *lines = [[part.strip() for part in line.split("|")] for line in result.splitlines()]
                rows = await connection.fetch(query)
                assert heading == list(rows[0].keys())
                assert lines == [[cell(value) for value in row.values()] for row in rows], query
        finally:
            await connection.close()


def cell(value: Any) -> str:
    """A value as psql shows it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
