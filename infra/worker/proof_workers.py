"""Proves the books with every processor of the machine: other processes check parts of a large ledger."""

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
from processors.proof.verification.checkers import Checker, CheckerStart
from processors.proof.verification.parts import VerificationPart
from processors.proof.verification.report import Progress, VerifyReport
from processors.proof.verify import verify

LONGEST_LINE = 2**26
"""A report of fifty problems, each of which may show two long texts."""
ENDS_S = 5.0

REPORTS = msgspec.json.Decoder(VerifyReport)


class CheckerDied(ChildProcessError):
    """A checker's process ended before its work was done; its stderr says why."""


async def prove(database_url: str, progress: Progress | None = None, processes: int | None = None) -> VerifyReport:
    """``verify`` with as many processes as there are processors, this one among them. Raises ``CheckerDied``."""
    wanted = len(os.sched_getaffinity(0)) if processes is None else processes
    engine = connect(database_url)
    try:
        return await verify(engine, progress, checker_processes(database_url, wanted - 1) if wanted > 1 else None)
    finally:
        await engine.dispose()


def checker_processes(database_url: str, count: int) -> CheckerStart:
    """``count`` processes that read the ledger at a URL, which may name a driver as SQLAlchemy's URLs do."""
    scheme, separator, place = database_url.partition("://")
    plain_url = scheme.partition("+")[0] + separator + place

    @asynccontextmanager
    async def started(shared: str, schemes: Schemes) -> AsyncIterator[Sequence[Checker]]:
        texts = [(scheme.name, scheme.text) for scheme in schemes.values()]
        assignment = msgspec.json.encode(Assignment(plain_url, shared, texts))
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(_start(assignment)) for _ in range(count)]

    return started


class ProcessChecker:
    """A ``proof_worker`` process: a part a line goes in, its report a line comes out, in their order."""

    ahead = 2

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("no pipes to the checker")
        self._process, self._requests, self._answers = process, process.stdin, process.stdout
        self._one_reader = asyncio.Lock()
        """Fair: answers come in the order of the requests."""
        self._is_ready = False

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it has joined the snapshot."""
        async with self._one_reader:
            self._is_ready = self._is_ready or await self._receive() == READY
        if not self._is_ready:
            raise CheckerDied("a checker of the verification says something else than that it is ready")

    async def check(self, part: VerificationPart, progress: Progress) -> VerifyReport:
        """Let it check one part."""
        self.send(msgspec.json.encode(part))
        async with self._one_reader:
            report = REPORTS.decode(await self._receive())
        progress("entries", report.entries)
        progress("claims", report.claims)
        return report

    def send(self, line: bytes) -> None:
        """Send it a line."""
        self._requests.write(line + b"\n")

    async def _receive(self) -> bytes:
        line = await self._answers.readline()
        if not line.endswith(b"\n"):
            raise CheckerDied(f"a checker of the verification, process {self.pid}, ended before its work was done")
        return line


@asynccontextmanager
async def _start(assignment: bytes) -> AsyncIterator[ProcessChecker]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra.worker.proof_worker"), stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
    )
    try:
        checker = ProcessChecker(process)
        checker.send(assignment)
        yield checker
        if process.stdin is not None:
            process.stdin.close()  # tells it to end
        await asyncio.wait_for(process.wait(), ENDS_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
