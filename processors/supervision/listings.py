"""Leads as they are listed and shown: money in yuan."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.money import yuan
from events.store.driver import fetch_text
from events.store.journal import entries
from policies.supervision.values import SEVERITIES
from processors.delivery.names import LEADS_JOURNAL
from processors.supervision.adoption import SupervisionRefused
from processors.supervision.rules import SUPERVISION_RULES
from projections.leads import Lead, leads, load_leads
from projections.statements import statements


class LeadFilter(Struct, frozen=True):
    """Which leads are asked for; ``since`` is a first day of what they are about. No state asks for all but withdrawn
    ones."""

    rule: str | None = None
    hospital_id: str | None = None
    person_id: str | None = None
    since: date | None = None
    state: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        asked: list[ColumnElement[bool]] = []
        if self.rule is not None:
            asked.append(leads.c.rule == self.rule)
        if self.hospital_id is not None:
            asked.append(leads.c.hospital_id == self.hospital_id)
        if self.person_id is not None:
            asked.append(leads.c.person_id == self.person_id)
        if self.since is not None:
            asked.append(leads.c.dates[func.cardinality(leads.c.dates)] >= self.since)
        asked.append(leads.c.state != "withdrawn" if self.state is None else leads.c.state == self.state)
        return asked


class SearchedRange(Struct, frozen=True):
    """What was looked through: how many settled claims, of which days, by which rules."""

    claims: int
    first: date | None
    last: date | None
    rules: tuple[str, ...]


async def list_leads(engine: AsyncEngine, asked: LeadFilter) -> tuple[list[Lead], SearchedRange]:
    """Leads as ``in_order`` puts them, and what was looked through for them."""
    async with engine.connect() as connection:
        found = await load_leads(connection, *asked.conditions())
        searched = await searched_range(connection, asked)
    return in_order(found), searched


def in_order(found: Sequence[Lead]) -> list[Lead]:
    """The graver leads first; of one severity by hospital, then by person, each in the order of its highest rank
    (outlier × money), then by rank."""
    severities: list[str] = list(SEVERITIES)
    hospitals: dict[tuple[str, str], int] = {}
    persons: dict[tuple[str, str, str], int] = {}
    for lead in found:
        hospital, person = lead.hospital_id or "", lead.person_id or ""
        of_hospital, of_person = (lead.severity, hospital), (lead.severity, hospital, person)
        hospitals[of_hospital] = max(hospitals.get(of_hospital, 0), lead.rank)
        persons[of_person] = max(persons.get(of_person, 0), lead.rank)

    def key(lead: Lead) -> tuple[Any, ...]:
        hospital, person = lead.hospital_id or "", lead.person_id or ""
        of_hospital, of_person = hospitals[lead.severity, hospital], persons[lead.severity, hospital, person]
        return -severities.index(lead.severity), -of_hospital, hospital, -of_person, person, -lead.rank, lead.lead_id

    return sorted(found, key=key)


async def searched_range(connection: AsyncConnection, asked: LeadFilter) -> SearchedRange:
    """What "none found" is said of."""
    query = select(func.count(), func.min(statements.c.date), func.max(statements.c.date))
    if asked.hospital_id is not None:
        query = query.where(statements.c.hospital_id == asked.hospital_id)
    if asked.person_id is not None:
        query = query.where(statements.c.person_id == asked.person_id)
    if asked.since is not None:
        query = query.where(statements.c.date >= asked.since)
    count, first, last = (await connection.execute(query)).one()
    rules = tuple(SUPERVISION_RULES) if asked.rule is None else (asked.rule,)
    return SearchedRange(count, first, last, rules)


async def lead_of(engine: AsyncEngine, lead_id: str) -> tuple[Lead, list[dict[str, Any]]]:
    """A lead, and its events in order. Raises ``SupervisionRefused``."""
    async with engine.connect() as connection:
        rows = await load_leads(connection, leads.c.lead_id == lead_id)
        if not rows:
            raise SupervisionRefused(f"没有疑点 {lead_id}，全部见 claims leads。there is no lead {lead_id}")
        return rows[0], await _history(connection, lead_id)


async def _history(connection: AsyncConnection, lead_id: str) -> list[dict[str, Any]]:
    said = func.convert_from(entries.c.data, "UTF8").cast(JSONB)
    query = (
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.hash, said.label("said"))
        .where(entries.c.journal == LEADS_JOURNAL, said.op("->>")("lead_id") == lead_id)
        .order_by(entries.c.number)
    )
    names = ("state", "severity", "actor", "reason", "case_id", "as_of")
    return [
        {
            "number": row.number,
            "type": row.type,
            "recorded_at": row.recorded_at.isoformat(),
            "hash": bytes(row.hash).hex(),
            **{name: row.said[name] for name in names if row.said.get(name) is not None},
        }
        for row in await connection.execute(query)
    ]


_NEW = """
SELECT coalesce(sum(greatest(journal_number - coalesce(seen.number, 0), 0)), 0)::bigint AS new,
       coalesce(bool_or(seen.number IS NOT NULL), false) AS looked
FROM processors.positions
LEFT JOIN projections.lead_journals AS seen
       ON seen.journal = CASE consumer WHEN 'intake' THEN consumer ELSE consumer || '.' || partition END
WHERE consumer IN ('intake', 'settlement')
"""


async def not_looked_at(connection: AsyncConnection) -> tuple[int, bool]:
    """How many entries came since leads were looked for, and whether anybody ever looked."""
    [row] = await fetch_text(connection, _NEW, [])
    return row["new"], row["looked"]


def lead_json(lead: Lead) -> dict[str, Any]:
    """A lead for programs; its form is fixed (docs/contract.md)."""
    return {
        "lead_id": lead.lead_id,
        "rule": lead.rule,
        "version": lead.version,
        "severity": lead.severity,
        "person_id": lead.person_id,
        "hospital_id": lead.hospital_id,
        "claims": lead.claims,
        "dates": [day.isoformat() for day in lead.dates],
        "at_risk": {layer: yuan(amount) for layer, amount in lead.at_risk.items()},
        "evidence": lead.evidence,
        "state": lead.state,
    }
