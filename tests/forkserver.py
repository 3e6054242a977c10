"""The program `claims`, loaded once: each command is a process of its own, forked from one that has loaded everything.

Loading takes two seconds of a processor, and most commands a tenth of one. A forked process takes its arguments, its
environment, its folder and its standard files from who asks for it, and runs the console script's ``main``.
"""

import asyncio
import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from infra.cli import main
from infra.cli.command_table import MODULES

_LONGEST_REQUEST = 1_000_000
_LOADED_LATER = ("alembic.command", "anyio._backends._asyncio")
"""What a command loads only while it runs, and is worth to have."""
_STANDARD = 3
"""stdin, stdout and stderr come with a request, and the socket on which its pid and its exit code are told."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs, a child of the fork server."""

    pid: int
    _told: asyncio.StreamReader
    _connection: asyncio.StreamWriter

    async def wait(self) -> int:
        """Its exit code, negative where a signal ended it."""
        code = int(await self._told.readline())
        self._connection.close()
        await self._connection.wait_closed()
        return code

    async def kill(self) -> None:
        """kill -9, where it has not ended yet."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        await self.wait()


class ForkServer:
    """Forks commands until this process ends. How wide a line may be, it reads from ``env`` for all of them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import run; run({theirs.fileno()})"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
                env=dict(env),
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._requests.close()
        self._process.wait()

    async def start(self, arguments: Sequence[str], env: Mapping[str, str], *standard: IO[bytes]) -> Command:
        """Start a command; ``arguments`` begin with the program, ``env`` is all of its environment."""
        ours, theirs = socket.socketpair()
        with theirs:
            request = json.dumps([[*arguments], dict(env), str(Path.cwd())]).encode()
            socket.send_fds(self._requests, [request], [*(file.fileno() for file in standard), theirs.fileno()])
        told, connection = await asyncio.open_unix_connection(sock=ours)
        return Command(int(await told.readline()), told, connection)


def _serve(requests: socket.socket) -> tuple[Any, list[int]] | None:
    """Fork for each request until nobody can ask any more. In a forked process: what it was asked, and its files."""
    selector = selectors.DefaultSelector()
    selector.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if isinstance(key.fileobj, int):
                pid, connection = key.data
                selector.unregister(key.fileobj)
                os.close(key.fileobj)
                with connection:
                    _tell(connection, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                continue
            request, files, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, _STANDARD + 1)
            if not request:
                return None
            pid = os.fork()
            if pid == 0:
                selector.close()
                requests.close()
                return json.loads(request), files
            connection = socket.socket(fileno=files.pop())
            for file in files:
                os.close(file)
            _tell(connection, pid)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, connection))


def _tell(connection: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked has given up
        connection.sendall(f"{number}\n".encode())


def _become(request: Any, files: Sequence[int]) -> None:
    """Take over what the command was asked for with."""
    arguments, env, folder = request
    for number, file in enumerate(files[:_STANDARD]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)


def run(number: int) -> None:
    """Load the program and fork commands, asked for on a socket; a forked process runs its command and exits."""
    for module in (*(f"infra.cli.{name}" for name in {*MODULES.values(), "failures"}), *_LOADED_LATER):
        import_module(module)
    gc.collect()
    gc.freeze()
    asked = _serve(socket.socket(fileno=number))
    if asked is not None:
        _become(*asked)
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        assert isinstance(code, int)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # to take apart all that was loaded would cost most commands more than what they do
