"""A seal that was kept elsewhere held against today's ledger: its heads, and the chains that lead to them."""

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.proof.seals import BrokenJournal, Seal, broken
from processors.proof.verification.chains import JournalHead, check_chain, journals
from processors.proof.verification.report import Problem, VerifyReport
from processors.proof.verification.snapshot import driver_of, snapshot


class SealCheck(Struct, frozen=True):
    """The sealed heads that are gone or altered, and what is wrong with the entries of the sealed journals.

    ``altered`` counts the latter; ``problems`` are the first of them.
    """

    broken: list[BrokenJournal]
    altered: int
    problems: list[Problem]

    @property
    def holds(self) -> bool:
        """Whether the ledger is what the seal saw, and each entry what its hash says."""
        return not self.broken and not self.altered


async def check_seal(engine: AsyncEngine, known: Seal) -> SealCheck:
    """Compare the heads, and walk every sealed journal: a head stands for the entries before it only while each is what
    its hash says."""
    async with snapshot(engine) as connection:
        gone = await broken(connection, known.heads)
        heads = await journals(connection)
        driver = await driver_of(connection)
        report = VerifyReport()
        for sealed in known.heads:
            await check_chain(driver, sealed.journal, heads.get(sealed.journal, JournalHead()), report, _silent)
    return SealCheck(gone, report.found, report.problems)


def _silent(_what: str, _count: int) -> None:
    return None
