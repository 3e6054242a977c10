"""Each trick planted once among 20,000 ordinary claims gives its lead, and next to nothing else is called a violation.

All claims go through real settlement, and the leads come from the ledger as the catch-up finds them.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import load_file
from processors.supervision.catch_up import catch_up_leads
from projections.leads import leads
from tests.ledger import Books
from tests.tricks.catalog import TRICKS, Trick
from tests.tricks.file import PlantedFile, planted_file

COUNTY = Path(__file__).parents[1] / "tricks" / "county.yaml"
RULES = [
    "split_stay",
    "overlapping_stays",
    "visit_in_stay",
    "low_standard_stay",
    "long_stay",
    "two_places_one_day",
    "frequent_visits",
    "same_bill",
    "after_death",
    "suspended_hospital",
    "unfiled_full_rate",
    "out_of_catalog_share",
    "cost_growth",
    "near_limit",
    "period_peak",
    "reversals",
    "state_conflict",
    "admitted_together",
]
"""The issue's codes, in its order."""
MOST_VIOLATIONS = 0.01


def gives(trick: Trick, lead: dict[str, object]) -> bool:
    """Whether a lead is the trick's."""
    named, figures = lead["claims"], lead["figures"]
    assert isinstance(named, list)
    assert isinstance(figures, dict)
    return (
        lead["rule"] == trick.rule
        and (trick.hospital_id is None or lead["hospital_id"] == trick.hospital_id)
        and (trick.person_id is None or lead["person_id"] == trick.person_id)
        and (trick.kind is None or figures.get("kind") == trick.kind)
        and set(trick.claims) <= set(named)
    )


async def found_leads(engine: AsyncEngine) -> list[dict[str, object]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(leads))
        return [dict(row) | {"figures": row["evidence"]["figures"]} for row in rows.mappings()]


def violations_beside(tricks: Sequence[Trick], found: Sequence[dict[str, object]]) -> set[str]:
    """Claims that some lead calls a violation and that are no part of a trick."""
    planted = {claim for trick in tricks for claim in trick.claims}
    named = (lead["claims"] for lead in found if lead["severity"] == "violation")
    return {str(claim) for claims in named if isinstance(claims, list) for claim in claims} - planted


@pytest.fixture(scope="module")
def planted() -> PlantedFile:
    return planted_file()


async def test_each_trick_gives_its_lead_and_little_else_is_a_violation(
    engine: AsyncEngine, planted: PlantedFile
) -> None:
    books = await Books.open(engine, schemes=[load_file(COUNTY)], cut=2_000)
    await books.publish(planted.events, batch=2_000)
    assert await books.refused() == []
    await catch_up_leads(engine)
    found = await found_leads(engine)
    missed = [trick.rule for trick in planted.tricks if not any(gives(trick, lead) for lead in found)]
    assert missed == []
    beside = violations_beside(planted.tricks, found)
    assert len(beside) <= MOST_VIOLATIONS * planted.ordinary, sorted(beside)


def test_every_rule_has_its_trick(planted: PlantedFile) -> None:
    assert list(TRICKS) == RULES
    assert [trick.rule for trick in planted.tricks] == RULES
    assert planted.ordinary > 19_800


def test_the_file_is_the_same_each_time(planted: PlantedFile) -> None:
    assert planted_file().events == planted.events
