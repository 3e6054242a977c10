"""The checkers of a verification's parts: this process and others, each taking a part whenever it is free."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from policies.engine import Schemes
from processors.proof.verification.parts import VerificationPart, check
from processors.proof.verification.report import Findings, Place, Progress, VerifyReport


class Checker(Protocol):
    """Checks parts. It takes ``ahead`` of them at once, so that it need not wait for the next."""

    ahead: int

    async def ready(self) -> None:
        """Wait until it takes parts."""

    async def check(self, part: VerificationPart, progress: Progress) -> VerifyReport:
        """Check one part."""


class CheckerStart(Protocol):
    """Starts checkers in other processes, which join a snapshot by its name and settle under the schemes given."""

    def __call__(self, shared: str, schemes: Schemes) -> AbstractAsyncContextManager[Sequence[Checker]]:
        """The checkers, until the end of the context; one that dies raises from ``ready`` or ``check``."""


class LocalChecker:
    """This process, over a connection of asyncpg's."""

    ahead = 1

    def __init__(self, driver: Any, schemes: Schemes) -> None:
        self._driver, self._schemes = driver, schemes

    async def ready(self) -> None:
        """It is ready."""

    async def check(self, part: VerificationPart, progress: Progress) -> VerifyReport:
        """Check one part."""
        return await check(self._driver, self._schemes, part, progress)


async def share_out(
    parts: AsyncIterator[tuple[Place, VerificationPart]],
    checkers: Sequence[Checker],
    findings: Findings,
    progress: Progress,
) -> None:
    """Let the checkers check the parts, each taking one whenever it is free; raises what the first to fail raises."""
    one_at_a_time = asyncio.Lock()

    async def take() -> tuple[Place, VerificationPart] | None:
        async with one_at_a_time:
            return await anext(parts, None)

    async def work(checker: Checker) -> None:
        await checker.ready()
        while (placed := await take()) is not None:
            place, part = placed
            findings.take(place, await checker.check(part, progress))

    tasks = [asyncio.create_task(work(checker)) for checker in checkers for _ in range(checker.ahead)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
