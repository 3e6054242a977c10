"""Settles a file as its sources would send it, looks for leads, and holds them against what was planted."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import load_file
from processors.supervision.catch_up import catch_up_leads
from projections.leads import leads
from tests.ledger import Books
from tests.tricks.catalog import Trick
from tests.tricks.file import PlantedFile

COUNTY = Path(__file__).parent / "county.yaml"


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


async def found_leads(engine: AsyncEngine, planted: PlantedFile) -> list[dict[str, object]]:
    """The leads of a new ledger once all of the file is settled in it."""
    books = await Books.open(engine, schemes=[load_file(COUNTY)], cut=2_000)
    await books.publish(planted.events, batch=2_000)
    assert await books.refused() == []
    await catch_up_leads(engine)
    async with engine.connect() as connection:
        rows = await connection.execute(select(leads))
        return [dict(row) | {"figures": row["evidence"]["figures"]} for row in rows.mappings()]


def missed(tricks: Sequence[Trick], found: Sequence[dict[str, object]]) -> list[str]:
    """The rules whose trick no lead gives."""
    return [trick.rule for trick in tricks if not any(gives(trick, lead) for lead in found)]


def violations_beside(tricks: Sequence[Trick], found: Sequence[dict[str, object]]) -> set[str]:
    """Claims that some lead calls a violation and that are no part of a trick."""
    planted = {claim for trick in tricks for claim in trick.claims}
    named = (lead["claims"] for lead in found if lead["severity"] == "violation")
    return {str(claim) for claims in named if isinstance(claims, list) for claim in claims} - planted
