"""Leads of supervision over a ledger, and whether they are what looking through all of it once gives."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from processors.supervision.catch_up import catch_up_leads
from processors.supervision.context import load_context
from processors.supervision.journal import leads_from_journal
from processors.supervision.search import find_in_year, find_of_persons
from processors.supervision.years import LoadedYears
from projections.leads import Lead, LeadContent, LeadRegister, leads, load_leads
from tests import facts
from tests.ledger import Books


async def look(engine: AsyncEngine, *rules: str) -> list[Lead]:
    """The leads that the facts show now, of some rules or of all, after a look at what is new."""
    await catch_up_leads(engine)
    return await shown(engine, *rules)


async def shown(engine: AsyncEngine, *rules: str) -> list[Lead]:
    """The leads of the table that the facts showed at the last look."""
    async with engine.connect() as connection:
        found = await load_leads(connection, leads.c.shown)
    return [lead for lead in found if not rules or lead.rule in rules]


async def from_scratch(engine: AsyncEngine) -> dict[str, LeadContent]:
    """What rules find in the whole ledger, without a look at what they found before."""
    async with engine.connect() as connection:
        known = (await load_context(connection)).context
        rows = await connection.exec_driver_sql("SELECT DISTINCT person_id, year FROM projections.statements")
        told = rows.all()
        found = await find_of_persons(connection, {row.person_id for row in told}, known)
        years = LoadedYears(connection)
        for year in sorted({row.year for row in told}):
            found += await find_in_year(years, year, known)
    return {content.lead_id: content for content in found}


async def assert_from_scratch(engine: AsyncEngine) -> None:
    """The leads that are shown are those from scratch, and the table is what the journal says."""
    expected, now = await from_scratch(engine), await shown(engine)
    assert {lead.lead_id: lead.content for lead in now} == expected
    async with engine.connect() as connection:
        assert (await leads_from_journal(connection)).differing(LeadRegister(await load_leads(connection))) == []


REGION = "230822"
"""A county of 佳木斯, whose scheme has stays and visits, and values for what is not filed."""
AWAY = "230102"


def county(region: str = REGION) -> list[Any]:
    """Two hospitals of the county, one of another prefecture of the province, two persons of 2019."""
    return [
        facts.hospital("H1", 1, region),
        facts.hospital("H2", 2, region),
        facts.hospital("H3", 3, AWAY),
        facts.enrol_as("P1", region=region, birth_month="1970-05", sex="female"),
        facts.enrol_as("P2", region=region, birth_month="1950-05", sex="male"),
    ]


def stay(number: int, begun: str, ended: str, person: str = "P1", hospital_id: str = "H1", **more: Any) -> list[Any]:
    """Admission A<number> with diagnoses and what else ``more`` says of it, and its discharge C<number>."""
    in_scope = more.pop("in_scope", "10000")
    return [
        facts.admit(f"A{number}", person, hospital_id, begun, **more),
        facts.discharge(f"C{number}", f"A{number}", person, hospital_id, ended, str(in_scope)),
    ]


async def funds_paid(books: Books, claim_id: str) -> dict[str, str]:
    """What each layer pays of a claim, yuan; a layer that pays nothing is left out."""
    paid = (await books.paid(claim_id)).items()
    return {layer: amount for layer, amount in paid if layer not in ("patient", "hospital") and amount != "0.00"}
