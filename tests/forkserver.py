"""The program `claims`, loaded once: each command is a process of its own, forked from one that has loaded everything.

Loading takes two seconds of a processor, and most commands a tenth of one. A forked process takes its arguments, its
environment, its folder and its standard files from who asks for it, and calls what the console script calls, or what a
test calls in its place.
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
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from infra.cli.command_table import MODULES
from policies.loader import load_directory, review
from policies.supervision.text import built_in

_LONGEST_REQUEST = 1_000_000
_LOADED_LATER = ("alembic.command", "anyio._backends._asyncio")
"""What a command loads only while it runs, and is worth to have."""
_STANDARD = 3
"""stdin, stdout and stderr come with a request, and the socket on which its pid and its exit code are told."""


MAIN = "infra.cli:main"
"""What the console script calls."""


class Command:
    """A process of the program that runs, a child of the fork server; ``returncode`` is None until it has ended."""

    def __init__(self, pid: int, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._hear(told, connection))

    async def _hear(self, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> int:
        self.returncode = int(await told.readline())
        connection.close()
        await connection.wait_closed()
        return self.returncode

    async def wait(self) -> int:
        """Its exit code, negative where a signal ended it."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """A signal, where it has not ended yet."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9, where it has not ended yet."""
        self.send_signal(signal.SIGKILL)


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

    async def start(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        *standard: IO[bytes] | socket.socket,
        calls: str = MAIN,
    ) -> Command:
        """Start a command in a process group of its own; ``arguments`` begin with the program, ``env`` is all of its
        environment, and ``calls`` names a function as an entry point of a package does."""
        ours, theirs = socket.socketpair()
        with theirs:
            request = json.dumps([[*arguments], dict(env), str(Path.cwd()), calls]).encode()
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
                os.setpgid(0, 0)
                _forget(selector)
                requests.close()
                return json.loads(request), files
            with suppress(ProcessLookupError):
                os.setpgid(pid, pid)  # also here: whoever is told the pid may kill the group
            connection = socket.socket(fileno=files.pop())
            for file in files:
                os.close(file)
            _tell(connection, pid)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, connection))


def _forget(selector: selectors.BaseSelector) -> None:
    """Close what a forked process has of the others."""
    for key in selector.get_map().values():
        if isinstance(key.fileobj, int):
            os.close(key.fileobj)
            key.data[1].close()
    selector.close()


def _tell(connection: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked has given up
        connection.sendall(f"{number}\n".encode())


def _become(request: Any, files: Sequence[int]) -> Callable[[], object]:
    """Take over what the command was asked for with; returns what it calls."""
    arguments, env, folder, calls = request
    for number, file in enumerate(files[:_STANDARD]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    module, _, function = calls.partition(":")
    called: Callable[[], object] = getattr(import_module(module), function)
    return called


def run(number: int) -> None:
    """Load the program and fork commands, asked for on a socket; a forked process runs its command and exits."""
    for module in (*(f"infra.cli.{name}" for name in {*MODULES.values(), "failures"}), *_LOADED_LATER):
        import_module(module)
    for scheme in load_directory():  # kept by their texts, as a process that runs on keeps them
        review(scheme.text, scheme.name)
    built_in()
    gc.collect()
    gc.freeze()
    asked = _serve(socket.socket(fileno=number))
    if asked is not None:
        main = _become(*asked)
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        assert isinstance(code, int)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # to take apart all that was loaded would cost most commands more than what they do
