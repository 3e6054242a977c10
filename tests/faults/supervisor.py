"""A worker, or another command, that is started again whenever it ends, as systemd would."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.harness import Given, dying
from tests.program import Running, background, eventually, kill_group

_RESTART_S = 0.3
_READY_WITHIN_S = 60.0


@dataclass
class Supervised:
    """``fate`` is what the next start is told to die of (tests/faults/crash.py); empty for a plain worker.

    While ``may_start`` is not set, what ended is not started again. With ``command`` it is that which runs, and no
    worker; it is ready once its log has the word that it ``says``.
    """

    given: Given
    log: Path
    index: int
    fate: list[str] = field(default_factory=list)
    starts: int = 0
    ends: int = 0
    log_now: Path = Path()
    process: Running | None = None
    command: tuple[str, ...] = ()
    says: str = "joined"
    may_start: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_start.set()

    @classmethod
    @asynccontextmanager
    async def started(
        cls, given: Given, log: Path, index: int, *, command: tuple[str, ...] = (), says: str = "joined"
    ) -> AsyncIterator["Supervised"]:
        """A worker that lives until the end of the block, however often it dies."""
        worker = cls(given, log, index, command=command, says=says)
        task = asyncio.create_task(worker._supervise())
        try:
            await eventually(worker.is_ready, lambda: worker.log_now.read_text(encoding="utf-8"), _READY_WITHIN_S)
            yield worker
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _supervise(self) -> None:
        while True:
            fate, self.fate = self.fate, []
            log = self.log_now = self.log.with_suffix(f".{self.starts}") if self.starts else self.log
            command = self.command or ("up", "--workers", "3", "--index", str(self.index))
            env = self.given.env
            work = dying(fate, *command, log=log, env=env) if fate else background(*command, log=log, env=env)
            async with work as process:
                self.process = process
                self.starts += 1
                await process.wait()
            self.ends += 1
            await asyncio.sleep(_RESTART_S)
            await self.may_start.wait()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """kill -9, also of one that is stopped."""
        if self.process is not None:
            kill_group(self.process)

    def stop(self) -> None:
        """SIGSTOP."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT, where it was stopped."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)

    def is_stopped(self) -> bool:
        """Whether it stands still by SIGSTOP."""
        return stands_still(self.pid)

    async def kill_and_hold(self) -> None:
        """kill -9, and nothing starts it again before ``may_start`` is set."""
        self.may_start.clear()
        ends = self.ends
        self.kill()
        await eventually(lambda: self.ends > ends)

    async def started_again(self) -> None:
        """Wait until what was killed runs anew."""
        starts = self.starts
        await eventually(lambda: self.starts > starts)
        ends = self.ends
        await eventually(lambda: self.ends > ends or self.is_ready())

    def is_ready(self) -> bool:
        """Whether what was started last has said that it is at work."""
        return self.log_now.is_file() and self.says in self.log_now.read_text(encoding="utf-8")

    def met_its_fate(self, ends: int) -> bool:
        """Whether it is stopped, or has ended more often than that."""
        return self.is_stopped() or self.ends > ends


def stands_still(pid: int) -> bool:
    """Whether a process is stopped by SIGSTOP."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state == "T"
