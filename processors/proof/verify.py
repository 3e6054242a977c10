"""Proves the books: chains, pinned texts, balance, sums, and that settling everything again gives what is booked."""

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.proof.verification.cases import check_cases
from processors.proof.verification.chains import journals
from processors.proof.verification.checkers import CheckerStart, LocalChecker, share_out
from processors.proof.verification.clearings import check_clearings
from processors.proof.verification.funds import check_funds
from processors.proof.verification.leads import check_leads
from processors.proof.verification.looks import check_looks
from processors.proof.verification.parts import parts
from processors.proof.verification.proposals import check_proposals
from processors.proof.verification.registers import check_registers
from processors.proof.verification.report import MOST_PROBLEMS, Findings, Problem, Progress, Section, VerifyReport
from processors.proof.verification.reversals import check_reversals
from processors.proof.verification.schemes import check_schemes
from processors.proof.verification.seals import check_seals
from processors.proof.verification.snapshot import driver_of, share, snapshot

__all__ = ["MOST_PROBLEMS", "Problem", "Progress", "VerifyReport", "verify"]

_OFFICES: tuple[tuple[str, Callable[[AsyncConnection, VerifyReport], Awaitable[None]]], ...] = (
    ("clearing", check_clearings),
    ("account", check_funds),
    ("clearing", check_reversals),
    ("lead", check_leads),
    ("case", check_cases),
    ("register", check_registers),
    ("access", check_looks),
    ("proposal", check_proposals),
)
"""What stands in journals of offices' steps, and of leads; their SQL reads entries' data."""
WORTH_PROCESSES = 40_000
"""Entries; fewer are proved before another process has started."""


async def verify(
    engine: AsyncEngine, progress: Progress | None = None, processes: CheckerStart | None = None
) -> VerifyReport:
    """Check every entry and every person; nothing is changed.

    Reads one snapshot, so it may run beside the processors: persons with runs in flight in it are counted as skipped,
    and only the sums that hold at every moment are checked of them. Memory is bounded by a part of the persons.
    Checkers in other ``processes`` take parts of a larger ledger, in the same snapshot; the report is the same with
    and without them. One that dies raises.
    """
    findings, progress = Findings(), progress or _silent
    async with snapshot(engine) as connection:
        report = VerifyReport()
        schemes = await check_schemes(connection, report)
        findings.take((Section.SCHEMES, 0), report)
        report = VerifyReport()
        await check_seals(connection, report)
        findings.take((Section.SEALS, 0), report)
        report = VerifyReport()
        for check, look in _OFFICES:
            await _look(connection, check, look, report)
        findings.take((Section.CLEARINGS, 0), report)
        heads = await journals(connection)
        driver = await driver_of(connection)
        own = LocalChecker(driver, schemes)
        if processes is None or sum(head.number for head in heads.values()) < WORTH_PROCESSES:
            await share_out(parts(driver, heads), [own], findings, progress)
            return findings.report
        shared = await share(connection)
        async with processes(shared, schemes) as others, snapshot(engine, shared) as looking_up:
            await share_out(parts(await driver_of(looking_up), heads), [own, *others], findings, progress)
    return findings.report


async def _look(
    connection: AsyncConnection,
    check: str,
    look: Callable[[AsyncConnection, VerifyReport], Awaitable[None]],
    report: VerifyReport,
) -> None:
    """Run a check whose SQL reads entries' data. Data that it can't read ends that check alone: the chain names it."""
    try:
        async with connection.begin_nested():
            await look(connection, report)
    except DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", None) or "").startswith("22"):
            raise
        said = str(error.orig).splitlines()[0].rpartition(">: ")[2]
        report.problem(check, "all journals", "entries that can be read", said)


def _silent(_what: str, _count: int) -> None:
    return None
