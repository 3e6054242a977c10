"""Runs the rules over persons and years, and makes leads of what they find."""

from collections.abc import Collection, Iterator

from sqlalchemy.ext.asyncio import AsyncConnection

from processors.supervision.claim import SupervisedPerson
from processors.supervision.content import lead_content, shown_claims
from processors.supervision.loading import LoadedPersons, load_facts, load_supervised
from processors.supervision.rule import RuleFinding, SupervisionContext, YearClaims
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.years import LoadedYears
from projections.leads import LeadContent

_OF_PERSON = tuple(rule.of_person for rule in SUPERVISION_RULES.values() if rule.of_person is not None)
_OF_YEAR = tuple(rule.of_year for rule in SUPERVISION_RULES.values() if rule.of_year is not None)


async def find_of_persons(
    connection: AsyncConnection, person_ids: Collection[str], context: SupervisionContext
) -> list[LeadContent]:
    """What the rules on persons find now in the claims of some."""
    return leads_of_persons(await load_supervised(connection, person_ids), context)


def leads_of_persons(loaded: LoadedPersons, context: SupervisionContext) -> list[LeadContent]:
    """What the rules on persons find in claims that are loaded."""
    return [
        lead_content(finding, None, loaded.facts) for person in loaded.persons for finding in _found(person, context)
    ]


def _found(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    for find in _OF_PERSON:
        for finding in find(person, context):
            if finding.terms.used:
                yield finding


async def find_in_year(years: LoadedYears, year: int, context: SupervisionContext) -> list[LeadContent]:
    """What the rules on peers find now in the claims of a benefit year."""
    return await leads_of_year(years.connection, await years.claims_of(year), context) if _OF_YEAR else []


async def leads_of_year(
    connection: AsyncConnection, claims: YearClaims, context: SupervisionContext
) -> list[LeadContent]:
    """What the rules on peers find in a year's claims that are loaded."""
    found = [finding for find in _OF_YEAR for finding in find(claims, context) if finding.terms.used]
    shown = {claim.claim_id: claim.person_id for finding in found for claim in shown_claims(finding)}
    facts = await load_facts(connection, set(shown.values()), shown)
    return [lead_content(finding, claims.year, facts) for finding in found]
