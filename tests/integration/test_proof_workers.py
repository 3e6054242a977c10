"""A verification that is shared out over processes reports what one process reports, of one moment, or fails."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.worker.proof_workers import CheckerDied, ProcessChecker, checker_processes
from policies.engine import Schemes
from processors.proof import verify as verification
from processors.proof.seals import seal
from processors.proof.verification import parts
from processors.proof.verification.checkers import Checker, CheckerStart
from processors.proof.verification.parts import VerificationPart
from processors.proof.verification.report import Progress, VerifyReport
from processors.proof.verify import MOST_PROBLEMS, verify
from tests import facts
from tests.integration.test_verify import EVENTS, tamper
from tests.ledger import Books


@pytest.fixture
async def settled(books: Books, monkeypatch: pytest.MonkeyPatch) -> Books:
    """A ledger that is worth other processes, in parts of one person."""
    monkeypatch.setattr(verification, "WORTH_PROCESSES", 1)
    monkeypatch.setattr(parts, "PERSONS_PER_PART", 1)
    await books.publish(EVENTS)
    return books


def url_of(engine: AsyncEngine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


class Watched:
    """A checker that keeps the parts it checked."""

    ahead = 2

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.checked: list[VerificationPart] = []

    async def ready(self) -> None:
        await self.checker.ready()

    async def check(self, part: VerificationPart, tell: Progress) -> VerifyReport:
        self.checked.append(part)
        return await self.checker.check(part, tell)


def one_process(
    engine: AsyncEngine, watched: list[Watched], before: Callable[[], Awaitable[Any]] | None = None
) -> CheckerStart:
    """One other process, ready before parts are given out, so that it gets some; ``before`` runs before it joins."""

    @asynccontextmanager
    async def started(shared: str, schemes: Schemes) -> AsyncIterator[Sequence[Checker]]:
        if before is not None:
            await before()
        async with checker_processes(url_of(engine), 1)(shared, schemes) as checkers:
            watched.extend(map(Watched, checkers))
            await watched[0].ready()
            yield watched

    return started


PLANTED = (
    "UPDATE ledger.schemes SET text = text || ' '::bytea WHERE name = 'anyi'",
    "UPDATE ledger.entries SET paid = paid + 1 WHERE journal = 'basic.0' AND number = 2",
    "UPDATE ledger.entries SET hash = sha256(hash) WHERE (journal, number) ="
    " (SELECT journal, max(number) FROM ledger.entries WHERE journal = 'settlement.0' GROUP BY journal)",
    "DELETE FROM ledger.entries WHERE journal = 'assistance.0' AND number = 1",
    "UPDATE ledger.entries SET raw = convert_to(replace(convert_from(raw, 'UTF8'), 'audit-F1', 'audit-F2'), 'UTF8')"
    " WHERE type = 'audit.found.v1'",
    "UPDATE projections.accumulations SET paid = paid - 100 WHERE person_id = 'P2' AND layer = 'basic'",
    "UPDATE projections.statements SET patient_share = patient_share + 1 WHERE claim_id = 'C4'",
    "UPDATE projections.claims SET tier = 1 WHERE claim_id = 'C4'",
    "UPDATE projections.premiums SET amount = amount + 1 WHERE person_id = 'P1'",
    "INSERT INTO projections.grants VALUES ('P1', 'fusong', 'annual', 2019, 100, 'C1')",
    "INSERT INTO projections.accumulations VALUES ('P9', 2019, 'fusong', 'basic', '', 1, 0, 0, 0, 1)",
)


async def test_what_processes_find_stands_where_one_process_reports_it(settled: Books) -> None:
    await seal(settled.engine)
    await tamper(settled.engine, *PLANTED)
    alone = await verify(settled.engine)
    watched: list[Watched] = []
    together = await verify(settled.engine, None, one_process(settled.engine, watched))
    assert {type(part).__name__ for part in watched[0].checked} == {"ChainPart", "PersonsPart"}
    assert together == alone
    found = {problem.check for problem in alone.problems}
    wanted = "scheme chain identity seal accumulation balance statement claim convergence premium grant"
    assert found == set(wanted.split())
    assert alone.found == len(alone.problems) < MOST_PROBLEMS


async def test_the_same_fifty_of_many_problems_are_reported(settled: Books) -> None:
    await tamper(
        settled.engine,
        "INSERT INTO projections.accumulations SELECT 'X' || n, 2019, 'fusong', 'basic', '', 1, 0, 0, 0, 1"
        " FROM generate_series(1, 70) n",
    )
    alone = await verify(settled.engine)
    assert await verify(settled.engine, None, one_process(settled.engine, [])) == alone
    assert (len(alone.problems), alone.found) == (MOST_PROBLEMS, 70)


async def test_all_read_one_moment_whatever_is_settled_meanwhile(settled: Books) -> None:
    before = await verify(settled.engine)

    async def settle_more() -> None:
        await settled.publish([*facts.stay(7, "P2", in_scope="7000"), facts.correct("C1", "16000")])

    watched: list[Watched] = []
    counted: dict[str, int] = {}

    def tell(what: str, count: int) -> None:
        counted[what] = counted.get(what, 0) + count

    beside = await verify(settled.engine, tell, one_process(settled.engine, watched, settle_more))
    assert watched[0].checked
    assert beside == before
    assert before.holds
    assert counted == {"entries": before.entries, "claims": before.claims}
    after = await verify(settled.engine)
    assert after.holds
    assert after.claims == before.claims + 1


async def test_a_process_that_dies_is_an_error(settled: Books) -> None:
    @asynccontextmanager
    async def doomed(shared: str, schemes: Schemes) -> AsyncIterator[Sequence[Checker]]:
        async with checker_processes(url_of(settled.engine), 1)(shared, schemes) as checkers:
            for checker in checkers:
                assert isinstance(checker, ProcessChecker)
                await checker.ready()
                os.kill(checker.pid, signal.SIGKILL)
            yield checkers

    with pytest.raises(CheckerDied, match="ended before its work was done"):
        await verify(settled.engine, None, doomed)


async def test_processes_understand_the_url_of_an_engine(settled: Books) -> None:
    url = settled.engine.url.render_as_string(hide_password=False)
    assert url.startswith("postgresql+")
    watched: list[Watched] = []

    @asynccontextmanager
    async def started(shared: str, schemes: Schemes) -> AsyncIterator[Sequence[Checker]]:
        async with checker_processes(url, 1)(shared, schemes) as checkers:
            watched.extend(map(Watched, checkers))
            await watched[0].ready()
            yield watched

    assert (await verify(settled.engine, None, started)).holds
    assert watched[0].checked


async def test_a_process_that_cannot_begin_is_an_error(settled: Books, capfd: pytest.CaptureFixture[str]) -> None:
    gone = url_of(settled.engine).rsplit("/", 1)[0] + "/no_such_database"
    with pytest.raises(CheckerDied):
        await verify(settled.engine, None, checker_processes(gone, 1))
    assert "no_such_database" in capfd.readouterr().err
    async with settled.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
