"""The program `claims` as a clerk uses it all day: command after command in one process, since starting costs most."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.program import BOUND_S, Done, environment

_COMMAND_AFTER_COMMAND = """
import json, sys, traceback
from typer.testing import CliRunner
from infra.cli import app
from infra.cli.failures import is_unusable
from infra.whole_writes import write_wholly
write_wholly()
for line in sys.stdin:
    done = CliRunner().invoke(app, json.loads(line))
    ended = done.exception is None or isinstance(done.exception, SystemExit)
    unusable = done.exception is not None and is_unusable(done.exception)  # which the program itself tells
    fault = "" if ended else str(done.exception) if unusable else "".join(traceback.format_exception(*done.exc_info))
    print(json.dumps([2 if unusable else done.exit_code, done.stdout, done.stderr + fault]), flush=True)
"""
LONGEST_ANSWER = 16_000_000


@dataclass(frozen=True, slots=True)
class Clerk:
    """Where commands are typed; every one is given the options that all of them share."""

    process: asyncio.subprocess.Process
    always: tuple[str, ...]

    async def __call__(self, *arguments: object) -> Done:
        """One command, to its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([*map(str, arguments), *self.always]).encode() + b"\n")
        answer = await asyncio.wait_for(self.process.stdout.readline(), BOUND_S)
        assert answer, f"claims {arguments} ended the process"
        code, out, err = json.loads(answer)
        return Done(code, out.encode(), err)


@asynccontextmanager
async def clerk(*always: object, **env: str) -> AsyncIterator[Clerk]:
    """The program, ready for commands; ``always`` is added to each."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _COMMAND_AFTER_COMMAND),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(**env),
        limit=LONGEST_ANSWER,
    )
    try:
        yield Clerk(process, tuple(map(str, always)))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), BOUND_S)
        except TimeoutError:
            process.kill()
            await process.wait()
