"""The installed program `claims` as other processes, and the whole outcome of a ledger to hold one against another."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import sysconfig
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine import connect
from processors.proof.verify import verify
from processors.queries import listings
from tests.forkserver import MAIN, Command, ForkServer

CLAIMS = Path(sysconfig.get_path("scripts")) / "claims"
BOUND_S = 180.0
"""How long a test waits for what must come: an idle machine takes a few seconds, one with both cores busy ten times
as long. What never comes costs this once; what comes costs nothing."""
_LOG_SHOWN = 20_000
"""Characters of a log."""
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 8_000_000_000
"""For all tests that run at once; what they take of it is some hundred MB each, and memory only then."""

Dump = dict[str, list[dict[str, Any]]]
Running = Command | asyncio.subprocess.Process
"""The program at work: `pid`, `returncode`, `wait()` and `send_signal()`."""


@dataclass(frozen=True)
class Done:
    """How a call of the program ended."""

    code: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON Lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of a ledger, and wide enough that no message is wrapped."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMS_")}
    return kept | {"COLUMNS": "500"} | more


@cache
def loaded() -> ForkServer:
    """What this run's processes of the program are forked from."""
    return ForkServer(environment())


async def claims(*arguments: object, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Run the program to its end, in a process of its own that need not load it."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin or b"")
        given.seek(0)
        called = [str(CLAIMS), *map(str, arguments)]
        command = await loaded().start(called, environment(**(env or {})), given, out, err)
        try:
            code = await asyncio.wait_for(command.wait(), BOUND_S)
        except asyncio.CancelledError:  # what runs beside it failed: the folder goes
            command.kill()
            await command.wait()
            raise
        except TimeoutError:
            command.kill()
            await command.wait()
            raise AssertionError(f"claims {arguments} did not end within {BOUND_S:g} s: {_written(err)!r}") from None
        return Done(code, _written(out), _written(err).decode())


def _written(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def outcome(process: asyncio.subprocess.Process, name: str, stdin: bytes | None = None) -> Done:
    """The outcome of a process with pipes; AssertionError with its stderr where it does not end in time."""
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), BOUND_S)
    except asyncio.CancelledError:  # what runs beside it failed: the folder goes
        process.kill()
        await process.wait()
        raise
    except TimeoutError:
        process.kill()
        _, err = await process.communicate()
        raise AssertionError(f"{name} did not end within {BOUND_S:g} s: {err.decode()}") from None
    assert process.returncode is not None
    return Done(process.returncode, out, err.decode())


async def exit_code(process: Running, log: Path, bound_s: float = BOUND_S) -> int:
    """How a program in the background ends; AssertionError with its log and children where it does not in time."""
    try:
        return await asyncio.wait_for(process.wait(), bound_s)
    except TimeoutError:
        raise AssertionError(f"it did not end within {bound_s:g} s: {_state(process, log)}") from None


def _state(process: Running, log: Path) -> str:
    return f"its children {list(children(process.pid).values())}, its log {log.read_text(encoding='utf-8')}"


def in_memory() -> Path | None:
    """The file system in memory, where it has room: servers write all to disk before they answer, there for nothing.

    What a killed server has written is there still; that a machine's failure leaves it there, no test can show.
    """
    found = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    return _MEMORY if found else None


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """An empty folder that servers run by another user can reach; removed once nothing works in it."""
    with TemporaryDirectory(prefix="claims-test-", dir=in_memory()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            _wait_for_servers_of(folder)


def _wait_for_servers_of(folder: Path) -> None:
    """Wait until nothing works on the data directories in a folder: a killed program's servers write while they stop.

    Each of them holds its directory's lock open as long as it runs (infra/embedded/directory.py).
    """
    for lock in (*folder.glob("lock"), *folder.glob("*/lock"), *folder.glob("*/*/lock")):
        with lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)


@asynccontextmanager
async def background(
    *arguments: object, log: Path, env: Mapping[str, str] | None = None, calls: str = MAIN
) -> AsyncIterator[Running]:
    """The program at work, in a process group of its own that is killed at the end; its output goes to `log`.

    It need not load the program either: `calls` is what runs in place of the console script's function.
    """
    with log.open("wb") as file, TemporaryFile() as nothing:
        called = [str(CLAIMS), *map(str, arguments)]
        process = await loaded().start(called, environment(**(env or {})), nothing, file, file, calls=calls)
    async with _ended(process, log):
        yield process


@asynccontextmanager
async def installed(
    *arguments: object, log: Path, env: Mapping[str, str] | None = None, program: Sequence[str | Path] = (CLAIMS,)
) -> AsyncIterator[Running]:
    """As `background`, but the installed script itself, or another program, that loads what it needs."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *program,
            *map(str, arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment(**(env or {})),
            start_new_session=True,
        )
    async with _ended(process, log):
        yield process


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:]


@asynccontextmanager
async def _ended(process: Running, log: Path) -> AsyncIterator[None]:
    """Kill a process and its group at the end of the block; what went wrong in it is told with the end of the log."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{log.name} of process {process.pid}, which ended with {process.returncode}: {_end_of(log)}")
        raise
    finally:
        kill_group(process)
        await process.wait()


def kill_group(process: Running) -> None:
    """kill -9 of a process and all that it started in its group, where it still runs."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def children(pid: int) -> dict[int, str]:
    """The processes that a process started and that are there, with their command lines."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and line:  # what has ended and is not reaped has none
            found[int(path.name)] = line
    return found


async def up_is_ready(log: Path) -> None:
    """Wait until the last `claims up` that writes this log says so."""
    await eventually(lambda: "ready" in log.read_text(encoding="utf-8"), lambda: log.read_text(encoding="utf-8"))


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]],
    state: Callable[[], object] = lambda: "",
    bound_s: float = BOUND_S,
) -> None:
    """Wait for a condition; AssertionError with `state` where it does not come about in time."""
    deadline = time.monotonic() + bound_s
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"not within {bound_s:g} s: {state()}"
        await asyncio.sleep(0.05)


def write_lines(path: Path, lines: Iterable[bytes | Mapping[str, Any]]) -> Path:
    """A file of events, one a line."""
    path.write_bytes(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines))
    return path


async def dump(engine: AsyncEngine) -> Dump:
    """Everything that the reading commands show (docs/contract.md#commands)."""
    found = {
        "statements": listings.statement_rows(engine),
        "accumulations": listings.accumulation_rows(engine),
        "grants": listings.grant_rows(engine),
        "premiums": listings.premium_rows(engine),
        "refusals": listings.refusal_rows(engine),
        "waiting": listings.waiting_rows(engine),
        "parked": listings.parked_rows(engine),
    }
    return {name: [dict(row) async for row in rows] for name, rows in found.items()}


async def dump_of(database_url: str) -> Dump:
    """The dump of a database whose books hold, with nobody in flight."""
    engine = connect(database_url)
    try:
        report = await verify(engine)
        assert report.problems == []
        assert report.skipped == 0
        return await dump(engine)
    finally:
        await engine.dispose()


def canonical(value: object) -> bytes:
    """One JSON text for one value."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False).encode()
