"""The first call of docs/plain-http.md, in each language that this machine has: the gateway takes the event."""

import asyncio
import shutil
import sys
from pathlib import Path

import orjson
import pytest

from tests import facts
from tests.gateway.harness import GatewayUnderTest
from tests.gateway.plain_client import give_key
from tests.program import environment, outcome

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "plain-http"
PROGRAMS = {"first.sh": "sh", "first.py": sys.executable, "first.mjs": "node", "First.java": "java"}
NEEDED = {"first.sh": "curl"}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_first_call_is_taken(gateway: GatewayUnderTest, tmp_path: Path, name: str) -> None:
    program = PROGRAMS[name]
    if shutil.which(program) is None or shutil.which(NEEDED.get(name, program)) is None:
        pytest.skip(f"{name} needs {NEEDED.get(name, program)}")
    key = await give_key(gateway, "H1", name.replace(".", "-"))
    event = tmp_path / "event.json"
    sent = facts.admit(f"H1-{name.replace('.', '-')}", "P9")
    event.write_bytes(orjson.dumps(sent))
    assert await called(program, name, gateway.running.url, event, key) == (0, sent["id"])
    assert await called(program, name, gateway.running.url, event, "no such key") == (1, "")


async def called(program: str, name: str, url: str, event: Path, key: str) -> tuple[int, str]:
    """Whether it ended well, and the id that the gateway has told as accepted."""
    process = await asyncio.create_subprocess_exec(
        *(program, EXAMPLES / name, url, event),
        env=environment(CLAIMS_KEY=key),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    done = await outcome(process, name)
    if done.code:
        assert b"401" in done.out + done.err.encode(), done
        return 1, ""
    return 0, orjson.loads(done.out)["accepted"][0]["id"]
