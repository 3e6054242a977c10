"""Proves the books with every processor of the machine: other processes take parts of a large ledger."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from infra.postgres.engine import connect
from infra.worker.proof_worker import READY, Assignment
from policies.engine import Schemes
from processors.proof.verification.parts import Part
from processors.proof.verification.report import Progress, VerifyReport
from processors.proof.verification.workers import Helpers, PartChecker
from processors.proof.verify import verify

LONGEST_LINE = 2**26
"""A report of fifty problems, each of which may show two long texts."""
ENDS_S = 5.0

REPORTS = msgspec.json.Decoder(VerifyReport)


class HelperDied(ChildProcessError):
    """A helper ended before its work was done; what it said of it stands on stderr."""


async def prove(database_url: str, progress: Progress | None = None, processes: int | None = None) -> VerifyReport:
    """``verify`` with as many processes as there are processors, this one among them. Raises ``HelperDied``."""
    wanted = len(os.sched_getaffinity(0)) if processes is None else processes
    engine = connect(database_url)
    try:
        return await verify(engine, progress, helpers(database_url, wanted - 1) if wanted > 1 else None)
    finally:
        await engine.dispose()


def helpers(database_url: str, count: int) -> Helpers:
    """``count`` processes that read the ledger at a URL."""

    @asynccontextmanager
    async def started(shared: str, schemes: Schemes) -> AsyncIterator[Sequence[PartChecker]]:
        texts = [(scheme.name, scheme.text) for scheme in schemes.values()]
        assignment = msgspec.json.encode(Assignment(database_url, shared, texts))
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(_helper(assignment)) for _ in range(count)]

    return started


class Helper:
    """A ``proof_worker`` process: a part a line goes in, its report a line comes out, in their order."""

    ahead = 2

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("no pipes to the helper")
        self._process, self._orders, self._answers = process, process.stdin, process.stdout
        self._turn = asyncio.Lock()
        """Fair: who asked first hears first."""
        self._is_ready = False

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it has joined the snapshot."""
        async with self._turn:
            self._is_ready = self._is_ready or await self._hear() == READY
        if not self._is_ready:
            raise HelperDied("a helper of the verification says something else than that it is ready")

    async def check(self, part: Part, tell: Progress) -> VerifyReport:
        """Let it check one part."""
        self.say(msgspec.json.encode(part))
        async with self._turn:
            report = REPORTS.decode(await self._hear())
        tell("entries", report.entries)
        tell("claims", report.claims)
        return report

    def say(self, line: bytes) -> None:
        """Send it a line."""
        self._orders.write(line + b"\n")

    async def _hear(self) -> bytes:
        line = await self._answers.readline()
        if not line.endswith(b"\n"):
            raise HelperDied(f"a helper of the verification, process {self.pid}, ended before its work was done")
        return line


@asynccontextmanager
async def _helper(assignment: bytes) -> AsyncIterator[Helper]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra.worker.proof_worker"), stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
    )
    try:
        helper = Helper(process)
        helper.say(assignment)
        yield helper
        if process.stdin is not None:
            process.stdin.close()  # its word to end
        await asyncio.wait_for(process.wait(), ENDS_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
