"""The other workers of a ``claims up``, its console and its gateway: processes of their own, replaced when they end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from infra.embedded.process import die_with_parent
from infra.settings import Settings
from infra.tasks import end

log = structlog.get_logger(__name__)

LOOK_S = 0.5
LIVES_S = 60.0
"""A worker that lived so long is replaced at once; one that ends sooner after a pause, twice as long each time."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
ENDS_S = 60.0
"""How long a worker may take to finish its batches before it is killed."""


@dataclass(slots=True)
class _OtherProcess:
    """One of them, started again whenever it ends."""

    what: str
    command: Sequence[str]
    index: int | None
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    due: float = 0.0
    seen_to_end: bool = False
    ended: list[int] = field(default_factory=list)
    """The exit codes so far; a signal's number is negative."""

    def look(self) -> None:
        """Start it where it is due; where it has ended, say so."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self._start(now)
        elif (code := self.process.poll()) is not None:
            if not self.seen_to_end:  # told at the next look: where all are asked to end there is none
                self.seen_to_end = True
                return
            self.seen_to_end = False
            self.ended.append(code)
            lived = now - self.began
            self.pause_s = FIRST_PAUSE_S if lived > LIVES_S else self.pause_s
            self.due, self.process = now + self.pause_s, None
            log.error(
                f"a {self.what} process ended, and is started again",
                index=self.index,
                how=signal.Signals(-code).name if code < 0 else f"exit code {code}",
                lived_s=round(lived),
                again_in_s=self.pause_s,
                times=len(self.ended),
            )
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)

    def _start(self, now: float) -> None:
        # At once, also after a kill -9 of this process: it would wait for ever for servers that are gone.
        dies_with_us = partial(die_with_parent, signal.SIGKILL, os.getpid())
        self.process = subprocess.Popen(  # noqa: S603
            self.command, preexec_fn=dies_with_us
        )
        self.began = now

    async def stop(self) -> None:
        """Let it finish its batches."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self.process.wait, ENDS_S)
        self.process.kill()
        self.process.wait()


@asynccontextmanager
async def other_processes(
    settings: Settings,
    count: int,
    only: frozenset[str],
    serving: Mapping[str, str],
    asked_to_end: asyncio.Event,
) -> AsyncIterator[None]:
    """The other workers of ``count``, and what serves HTTP, beside the block and no longer.

    ``serving`` says where each of ``console`` and ``gateway`` listens that is to be there: processes of their own, so
    that no page and no hospital keeps a lane waiting. Call from the main thread.
    """
    program = [sys.executable, "-m", "infra"]
    command = [*program, "up", "--data-dir", str(settings.data_dir), "--workers", str(count)]
    for consumer in sorted(only):
        command += ["--only", consumer]
    processes = [_OtherProcess("worker", [*command, "--index", str(index)], index) for index in range(1, count)]
    for name, address in serving.items():
        command = [*program, name, "--data-dir", str(settings.data_dir), "--listen", address]
        processes.append(_OtherProcess(name, command, None))

    async def watch() -> None:
        while not asked_to_end.is_set():  # Ctrl-C reaches them too
            for process in processes:
                process.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(asked_to_end.wait(), LOOK_S)

    for process in processes:
        process.look()
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        await end([watching])
        await asyncio.gather(*(process.stop() for process in processes))
