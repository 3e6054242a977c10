"""What offices do of leads: dismissed with a reason; taken into a case, given back, confirmed by its decision."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import LEAD_ASSIGNED, LEAD_CONFIRMED, LEAD_DISMISSED, LEAD_RELEASED
from processors.supervision.adoption import SupervisionRefused
from processors.supervision.journal import LeadJournal, lead_journal
from projections.leads import Lead, leads, load_leads

STATE_NAMES = {
    "open": "待处理",
    "dismissed": "已排除",
    "in_case": "已立案",
    "confirmed": "已查实",
    "withdrawn": "已撤销",
}
"""A lead's states."""


async def dismiss(engine: AsyncEngine, lead_id: str, actor: str, reason: str) -> Lead:
    """Put an open lead aside, with the reason. Raises ``SupervisionRefused``."""
    async with lead_journal(engine) as journal:
        found = await take_lead(journal, lead_id, ("open",))
        _sign(journal, LEAD_DISMISSED, found, "dismissed", actor, {"reason": reason})
    return found


async def assign(journal: LeadJournal, lead_ids: Collection[str], case_id: str, actor: str) -> list[Lead]:
    """Take open leads into a case, within the caller's transaction. Raises ``SupervisionRefused``."""
    found = [await take_lead(journal, lead_id, ("open", "dismissed")) for lead_id in lead_ids]
    for lead in found:
        _sign(journal, LEAD_ASSIGNED, lead, "in_case", actor, {"case_id": case_id})
    return found


async def release(journal: LeadJournal, lead_ids: Collection[str], case_id: str, actor: str, reason: str) -> None:
    """Give leads of a case back as not confirmed: they are dismissed with the reason. Raises ``SupervisionRefused``."""
    for lead_id in lead_ids:
        lead = await _of_case(journal, lead_id, case_id)
        _sign(journal, LEAD_RELEASED, lead, "dismissed", actor, {"case_id": case_id, "reason": reason})


async def confirm(journal: LeadJournal, lead_ids: Collection[str], case_id: str, actor: str) -> None:
    """Confirm leads of a case by its decision. Raises ``SupervisionRefused``."""
    for lead_id in lead_ids:
        lead = await _of_case(journal, lead_id, case_id)
        _sign(journal, LEAD_CONFIRMED, lead, "confirmed", actor, {"case_id": case_id})


async def take_lead(journal: LeadJournal, lead_id: str, states: Collection[str]) -> Lead:
    """A lead in one of some states, loaded into the journal's register. Raises ``SupervisionRefused``."""
    found = journal.register.get(lead_id)
    if found is None:
        rows = await load_leads(journal.connection, leads.c.lead_id == lead_id)
        if not rows:
            raise SupervisionRefused(f"没有疑点 {lead_id}，全部见 claims leads。there is no lead {lead_id}")
        [found] = rows
        journal.register.add(rows)
    if found.state not in states:
        wanted = "、".join(STATE_NAMES[state] for state in states)
        raise SupervisionRefused(
            f"疑点 {lead_id} {STATE_NAMES[found.state]}，这一步只能用于{wanted}的疑点。"
            f"lead {lead_id} is {found.state}, not {' or '.join(states)}"
        )
    return found


async def _of_case(journal: LeadJournal, lead_id: str, case_id: str) -> Lead:
    lead = await take_lead(journal, lead_id, ("in_case",))
    if lead.case_id != case_id:
        raise SupervisionRefused(f"疑点 {lead_id} 属于案件 {lead.case_id}。lead {lead_id} is of case {lead.case_id}")
    return lead


def _sign(journal: LeadJournal, type_: str, lead: Lead, state: str, actor: str, said: Mapping[str, Any]) -> None:
    signed = {"actor": actor} | ({} if journal.is_owner else {"login": journal.login})
    journal.record(type_, {"lead_id": lead.lead_id, "state": state, "shown": lead.shown, **said, **signed})
