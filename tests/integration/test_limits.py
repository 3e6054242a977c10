"""Limits beside the rules in a real ledger: told late, taken back, lost on the way, rebuilt and verified."""

from pathlib import Path

import pytest
from sqlalchemy import select

from events.money import yuan
from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from projections.accumulations import accumulations
from projections.claims import claims
from projections.statements import statements
from tests import facts
from tests.ledger import Books

REGION = "990102"
TEXT = (Path(__file__).parents[2] / "docs" / "examples" / "limits.yaml").read_text(encoding="utf-8")
LAW = load_text(TEXT.replace("value: 130000, grade", "value: 100000, grade").encode(), "limits.yaml")
COUNTY = [
    facts.hospital("H1", 1, REGION),
    *(facts.enrol("P1", year, REGION) for year in (2023, 2024)),
    facts.enrol_as("P1", "resident", 2025, REGION, years_insured=7),
    *(facts.card("P1", disease, on="2023-01-01") for disease in ("diabetes", "hypertension")),
]


@pytest.fixture
async def county(books: Books) -> Books:
    await adopt_schemes(books.engine, [LAW], "王芳")
    await books.publish(COUNTY)
    return books


async def paid(books: Books) -> dict[str, dict[str, str]]:
    """What each layer pays, by claim; the books hold, and are what a rebuild makes of the ledger."""
    assert (await verify(books.engine)).problems == []
    assert not (await rebuild(books.engine, dry_run=True)).found
    async with books.engine.connect() as connection:
        rows = await connection.execute(select(statements.c.claim_id, statements.c.layers))
        return {claim_id: {layer: yuan(fen) for layer, fen in layers} for claim_id, layers in rows}


async def test_days_months_and_years_follow_what_comes_late(county: Books) -> None:
    await county.publish(
        [
            facts.visit("V1", on="2023-12-31", setting="general", in_scope="50"),  # 25
            facts.visit("V2", on="2024-01-01", setting="general", in_scope="80"),  # 40, of which 30
            facts.visit("V3", on="2024-01-01", setting="general", in_scope="80"),  # nothing left of the day
            facts.visit("M1", on="2024-03-01", in_scope="500", disease="diabetes"),  # 300 of 400
            facts.visit("M2", on="2024-03-31", in_scope="500", disease="hypertension"),  # 300, of which 100
        ]
    )
    assert {claim: row["basic"] for claim, row in (await paid(county)).items()} == {
        "V1": "25.00",
        "V2": "30.00",
        "V3": "0.00",
        "M1": "300.00",
        "M2": "100.00",
    }
    await county.publish([facts.reverse("V2"), facts.correct("M1", "200")])
    after = await paid(county)
    # the day's 30 go to V3; M1 200 × 60% = 120 leaves 280 of 400
    assert (after["V3"]["basic"], after["M1"]["basic"], after["M2"]["basic"]) == ("30.00", "120.00", "280.00")
    async with county.engine.connect() as connection:
        tracks = set((await connection.execute(select(accumulations.c.track))).scalars())
        fixed = {
            row.claim_id: (row.years_insured, row.card_diseases) for row in await connection.execute(select(claims))
        }
    assert tracks >= {"outpatient@1231", "outpatient@0101", "chronic#diabetes@03", "chronic#hypertension@03"}
    assert fixed["V1"] == (1, ["diabetes", "hypertension"])
    assert fixed["M2"][0] == 2


async def test_layers_share_a_limit_though_each_works_at_its_own_pace(county: Books) -> None:
    stays = [event for n in (1, 2, 3) for event in facts.stay(n, on=f"2024-0{n}-05", in_scope="120500")]
    await county.publish(stays)
    # basic 60,000 by its cap, critical illness 30,300; then 9,700 of 72,300; then nothing is left of 100,000
    assert await paid(county) == {
        "C1": {"basic": "60000.00", "critical_illness": "30300.00"},
        "C2": {"basic": "0.00", "critical_illness": "9700.00"},
        "C3": {"basic": "0.00", "critical_illness": "0.00"},
    }
    await county.publish([facts.reverse("C1")])
    # C2 stands in C1's place, C3 in C2's
    assert await paid(county) == {
        "C1": {},
        "C2": {"basic": "60000.00", "critical_illness": "30300.00"},
        "C3": {"basic": "0.00", "critical_illness": "9700.00"},
    }


async def test_years_insured_are_counted_from_enrollments_or_stated(county: Books) -> None:
    await county.publish(
        [
            facts.enrol("P2", 2023, REGION, "2023-02-01"),
            facts.enrol("P2", 2024, REGION),
            facts.visit("A", on="2025-01-02", setting="general"),
            facts.visit("B", "P2", on="2024-01-02", setting="general"),
        ]
    )
    async with county.engine.connect() as connection:
        rows = await connection.execute(select(claims.c.claim_id, claims.c.years_insured))
        # a year that began in February is behind a break, and is the first
        assert {row.claim_id: row.years_insured for row in rows} == {"A": 7, "B": 2}
    assert (await paid(county))["A"] == {"basic": "30.00"}
