"""The program `claims` as a clerk uses it all day: command after command in one process, since starting costs most."""

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from typer.testing import CliRunner

from infra.cli import app
from infra.cli.failures import is_unusable
from tests.program import BOUND_S, CLAIMS, Done, environment, loaded

LONGEST_ANSWER = 16_000_000


def serve() -> None:
    """Run each command that stdin has, a line each, and answer with how it ended."""
    # the process's own were opened by what it is forked from, over files in which one can seek
    with open(0, encoding="utf-8", closefd=False) as commands, open(1, "w", encoding="utf-8", closefd=False) as answers:
        for line in commands:
            answers.write(json.dumps(_outcome(json.loads(line))) + "\n")
            answers.flush()


def _outcome(arguments: list[str]) -> list[object]:
    """Exit code, stdout and stderr of a command."""
    done = CliRunner().invoke(app, arguments)
    ended = done.exception is None or isinstance(done.exception, SystemExit)
    unusable = done.exception is not None and is_unusable(done.exception)  # which the program itself tells
    told = "".join(traceback.format_exception(done.exception))
    fault = "" if ended else str(done.exception) if unusable else told
    return [2 if unusable else done.exit_code, done.stdout, done.stderr + fault]


@dataclass(frozen=True, slots=True)
class Clerk:
    """Where commands are typed; every one is given the options that all of them share."""

    answers: asyncio.StreamReader
    commands: asyncio.StreamWriter
    said: IO[bytes]
    always: tuple[str, ...]

    async def __call__(self, *arguments: object) -> Done:
        """One command, to its end."""
        self.commands.write(json.dumps([*map(str, arguments), *self.always]).encode() + b"\n")
        answer = b""
        with suppress(ConnectionResetError):  # a process that has ended
            answer = await asyncio.wait_for(self.answers.readline(), BOUND_S)
        if not answer:
            self.said.seek(0)
            raise AssertionError(f"claims {arguments} ended the process: {self.said.read().decode()}")
        code, out, err = json.loads(answer)
        return Done(code, out.encode(), err)


@asynccontextmanager
async def clerk(*always: object, **env: str) -> AsyncIterator[Clerk]:
    """The program, ready for commands; ``always`` is added to each."""
    ours, theirs = socket.socketpair()
    with TemporaryFile() as said:
        with theirs:
            process = await loaded().start(
                [str(CLAIMS)], environment(**env), theirs, theirs, said, calls=f"{__name__}:{serve.__name__}"
            )
        answers, commands = await asyncio.open_unix_connection(sock=ours, limit=LONGEST_ANSWER)
        try:
            yield Clerk(answers, commands, said, tuple(map(str, always)))
        finally:
            commands.close()
            with suppress(ConnectionResetError):  # a process that has ended
                await commands.wait_closed()
            try:
                await asyncio.wait_for(process.wait(), BOUND_S)
            except TimeoutError:
                process.kill()
                await process.wait()
