"""One case as its page shows it: where it stands, what it rests on, and what can be done with it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from infra.console.cases.listings import RULE_NAMES
from processors.cases.refusal import MEASURE_NAMES
from processors.supervision.steps import STATE_NAMES
from projections.hospitals import hospitals
from projections.leads import Lead, leads, load_leads
from projections.measures import case_measures

STAGES = (
    ("open", "立案核查", "opened"),
    ("proposed", "提请决定", "proposed"),
    ("decided", "决定执行", "decided"),
    ("closed", "结案", "closed"),
)
MOST_ROWS = 60
"""So many claims of its leads a form of a finding offers."""
SPARE_ROWS = 3
PAYABLE = ("fine", "refund")


@dataclass(frozen=True, slots=True)
class LeadOfCase:
    """A lead that the case carries."""

    lead_id: str
    rule: str
    state: str
    at_risk: str


@dataclass(frozen=True, slots=True)
class ClaimOffered:
    """A claim that the form of a finding offers; empty ones are for claims that no lead names."""

    claim_id: str
    days: str
    paid: str


async def leads_of_case(connection: AsyncConnection, lead_ids: Sequence[str]) -> list[Lead]:
    """The leads of a case as they stand now."""
    return await load_leads(connection, leads.c.lead_id.in_(lead_ids)) if lead_ids else []


def shown_leads(found: Sequence[Lead], states: Mapping[str, str]) -> list[LeadOfCase]:
    """Them as rows; ``states`` are what the case has made of each."""
    return [
        LeadOfCase(
            lead.lead_id,
            RULE_NAMES.get(lead.rule, lead.rule),
            STATE_NAMES.get(states.get(lead.lead_id, lead.state), lead.state),
            yuan(lead.at_risk_total),
        )
        for lead in found
    ]


def claims_offered(found: Sequence[Lead]) -> list[ClaimOffered]:
    """The claims of a case's leads, each once, and some empty rows."""
    rows: dict[str, ClaimOffered] = {}
    for lead in found:
        for each in lead.evidence["claims"]:
            paid = sum(map(Decimal, each["layers"].values()), Decimal("0.00"))
            days = f"{each['starts_on']} – {each['ends_on']}"
            rows.setdefault(each["claim_id"], ClaimOffered(each["claim_id"], days, str(paid)))
    return [*list(rows.values())[:MOST_ROWS], *[ClaimOffered("", "", "")] * SPARE_ROWS]


async def payments_of_case(connection: AsyncConnection, case_id: str) -> dict[str, list[dict[str, Any]]]:
    """What was paid in, by measure; amounts in yuan."""
    columns = case_measures.c
    query = select(columns.measure_id, columns.payments).where(columns.case_id == case_id)
    return {
        row.measure_id: [
            each | {"amount": yuan(each["amount"]), "late": yuan(each.get("late", 0))} for each in row.payments
        ]
        for row in await connection.execute(query)
    }


async def hospital_name(connection: AsyncConnection, hospital_id: str | None) -> str | None:
    """What a hospital is called."""
    query = select(hospitals.c.name).where(hospitals.c.hospital_id == (hospital_id or ""))
    return (await connection.execute(query)).scalar()


def is_late(told: Mapping[str, Any], today: date) -> bool:
    """Whether the case should have been decided by now."""
    return told["decided_on"] is None and told["status"] != "closed" and date.fromisoformat(told["due_on"]) < today


def stage_of(status: str) -> int:
    """Which of ``STAGES`` a case has reached."""
    return [code for code, _, _ in STAGES].index(status)


def choices(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, str]:
    """Findings or measures to choose from, by their id; a measure with its kind."""
    kinds = MEASURE_NAMES | {None: ""}
    return {each[name]: f"{kinds[each.get('kind')]} {each[name]}".strip() for each in rows}
