"""Runs the rules over persons and years, and makes leads of what they find."""

import gc
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.supervision.claim import SupervisedPerson
from processors.supervision.content import lead_content, shown_claims
from processors.supervision.loading import load_facts, load_supervised
from processors.supervision.rule import RuleFinding, SupervisionContext, YearClaims
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.years import LoadedYears
from projections.leads import LeadContent

_OF_PERSON = tuple(rule.of_person for rule in SUPERVISION_RULES.values() if rule.of_person is not None)
_OF_YEAR = tuple(rule.of_year for rule in SUPERVISION_RULES.values() if rule.of_year is not None)


@contextmanager
def spared_collector() -> Iterator[None]:
    """Claims of years live until the rules have read them all, and looking for cycles among them again and again took a
    quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def find_of_persons(
    connection: AsyncConnection, person_ids: Collection[str], context: SupervisionContext
) -> list[LeadContent]:
    """What the rules on persons find now in the claims of some."""
    return await leads_of_persons(connection, await load_supervised(connection, person_ids), context)


async def leads_of_persons(
    connection: AsyncConnection, persons: Iterable[SupervisedPerson], context: SupervisionContext
) -> list[LeadContent]:
    """What the rules on persons find in claims that are loaded."""
    return await _leads(connection, [finding for person in persons for finding in _found(person, context)])


def _found(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    for find in _OF_PERSON:
        for finding in find(person, context):
            if finding.terms.used:
                yield finding


YearLookup = Callable[[int], Awaitable[list[LeadContent]]]
"""What the rules on peers find now in the claims of a benefit year; years are asked for in rising order."""
YearSearch = Callable[[str, Sequence[int]], AbstractAsyncContextManager[YearLookup]]
"""Looks at years elsewhere while the block runs, by the snapshot of that name which a transaction has exported."""


async def find_in_year(years: LoadedYears, year: int, context: SupervisionContext) -> list[LeadContent]:
    """What the rules on peers find now in the claims of a benefit year."""
    return await leads_of_year(years.connection, await years.claims_of(year), context) if _OF_YEAR else []


async def leads_of_year(
    connection: AsyncConnection, claims: YearClaims, context: SupervisionContext
) -> list[LeadContent]:
    """What the rules on peers find in a year's claims that are loaded."""
    found = [finding for find in _OF_YEAR for finding in find(claims, context) if finding.terms.used]
    return await _leads(connection, found, claims.year)


async def _leads(
    connection: AsyncConnection, found: Sequence[RuleFinding], year: int | None = None
) -> list[LeadContent]:
    facts = await load_facts(connection, (claim for finding in found for claim in shown_claims(finding)))
    return [lead_content(finding, year, facts) for finding in found]
