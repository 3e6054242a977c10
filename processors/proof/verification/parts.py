"""The work units of a verification, each checked by itself, in any order and by any process."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from msgspec import Struct

from policies.engine import Schemes
from processors.proof.verification.chains import JournalHead, check_chain
from processors.proof.verification.person_books import load_books
from processors.proof.verification.person_checks import check_settled, check_sums
from processors.proof.verification.report import Place, Progress, Section, VerifyReport

PERSONS_PER_PART = 250


class ChainPart(Struct, frozen=True, tag="chain"):
    """One journal, from its first entry to the head that its writer's position names."""

    journal: str
    head: JournalHead


class PersonsPart(Struct, frozen=True, tag="persons"):
    """Some persons, everything that is booked and shown of them."""

    persons: list[str]


VerificationPart = ChainPart | PersonsPart

_SHOWN = " ".join(
    f"UNION (SELECT DISTINCT person_id FROM projections.{name} WHERE person_id > $1 ORDER BY 1 LIMIT $2)"  # noqa: S608
    for name in ("claims", "statements", "accumulations", "grants", "premiums")
)
# Every person that the ledger or a projection names: what only one of the two holds is a problem too. In the ledger a
# loose scan over the history index, since its rows outnumber the persons fifty to one.
_NEXT_PERSONS = f"""
WITH RECURSIVE named (id, number) AS (
    SELECT min(person_id), 1 FROM ledger.entries WHERE person_id > $1
    UNION ALL
    SELECT (SELECT min(person_id) FROM ledger.entries WHERE person_id > named.id), number + 1
    FROM named WHERE named.id IS NOT NULL AND number < $2
)
SELECT id FROM (SELECT id FROM named WHERE id IS NOT NULL {_SHOWN}) AS person ORDER BY 1 LIMIT $2
"""  # noqa: S608 - our own names


async def parts(driver: Any, heads: Mapping[str, JournalHead]) -> AsyncIterator[tuple[Place, VerificationPart]]:
    """Every part with the place of its findings in the report; persons are looked up when their part is asked for."""
    for number, (journal, head) in enumerate(heads.items()):
        yield (Section.CHAINS, number), ChainPart(journal, head)
    last = ""
    for number in count():
        persons = [row["id"] for row in await driver.fetch(_NEXT_PERSONS, last, PERSONS_PER_PART)]
        if not persons:
            return
        yield (Section.PERSONS, number), PersonsPart(persons)
        last = persons[-1]


async def check(driver: Any, schemes: Schemes, part: VerificationPart, progress: Progress) -> VerifyReport:
    """Check one part over a connection of asyncpg's; ``progress`` is called as it goes on."""
    report = VerifyReport()
    if isinstance(part, ChainPart):
        await check_chain(driver, part.journal, part.head, report, progress)
        return report
    for books in await load_books(driver, part.persons):
        report.persons += 1
        before = len(report.problems)
        check_sums(books, report)
        if books.in_flight:
            report.skipped += 1
        else:
            check_settled(books, schemes, report)
        named = [replace(problem, person_id=books.person_id) for problem in report.problems[before:]]
        report.problems[before:] = named
    progress("claims", report.claims)
    return report
