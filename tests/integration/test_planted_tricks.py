"""Each trick planted once among 10,000 ordinary claims gives its lead, and next to nothing else is called a violation.

All claims go through real settlement, and the leads come from the ledger as the catch-up finds them. 20,000 claims of
four years, twice the time for the same tricks: ``python -m tests.tricks``.
"""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.tricks.catalog import TRICKS
from tests.tricks.county import YEAR
from tests.tricks.file import PlantedFile, planted_file
from tests.tricks.judgement import found_leads, missed, violations_beside

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
CLAIMS = 10_200
"""Some 100 of them are the dearer ones of ``cost_growth``."""
YEARS = range(YEAR - 2, YEAR + 1)
"""With the past of a hospital that ``cost_growth`` (a year) and ``period_peak`` (up to three) compare with."""


def planted_of_three_years() -> PlantedFile:
    return planted_file(CLAIMS, YEARS)


@pytest.fixture(scope="module")
def planted() -> PlantedFile:
    return planted_of_three_years()


async def test_each_trick_gives_its_lead_and_little_else_is_a_violation(
    engine: AsyncEngine, planted: PlantedFile
) -> None:
    found = await found_leads(engine, planted)
    assert missed(planted.tricks, found) == []
    beside = violations_beside(planted.tricks, found)
    assert len(beside) <= MOST_VIOLATIONS * planted.ordinary, sorted(beside)


def test_every_rule_has_its_trick(planted: PlantedFile) -> None:
    assert list(TRICKS) == RULES
    assert [trick.rule for trick in planted.tricks] == RULES
    assert planted.ordinary > 10_000


def test_the_file_is_the_same_each_time(planted: PlantedFile) -> None:
    assert planted_of_three_years().events == planted.events
