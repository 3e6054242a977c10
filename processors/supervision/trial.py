"""Tries a changed text on all history before it is adopted: old leads against new, and what was made of the old."""

from collections.abc import AsyncIterator

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import fetch_text
from policies.supervision.text import SupervisionHistory, SupervisionText
from processors.supervision.adoption import adopted_texts
from processors.supervision.catch_up import ALL_PERSONS
from processors.supervision.content import graver
from processors.supervision.context import load_context
from processors.supervision.loading import PERSONS_AT_ONCE, load_supervised
from processors.supervision.rule import SupervisionContext
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.search import leads_of_persons, leads_of_year
from processors.supervision.years import LoadedYears
from projections.leads import LeadContent, load_leads

_YEARS = "SELECT DISTINCT year + more AS year FROM projections.statements, generate_series(0, 1) AS more ORDER BY 1"


class RuleTrial(Struct):
    """Of one rule: leads by the texts in force and by the new one, and what offices had made of the old leads.

    ``gained`` are new alone, ``lost`` old alone, ``graver`` and ``milder`` in both. Money at risk in fen.
    """

    rule: str
    old: int = 0
    new: int = 0
    gained: int = 0
    lost: int = 0
    graver: int = 0
    milder: int = 0
    confirmed_kept: int = 0
    confirmed_lost: int = 0
    dismissed_kept: int = 0
    dismissed_lost: int = 0
    at_risk_old: int = 0
    at_risk_new: int = 0


class TextTrial(Struct, frozen=True):
    """The trial of a text: each rule, how many persons were looked at, and leads that it gains and loses."""

    rules: list[RuleTrial]
    persons: int
    gained: list[LeadContent]
    lost: list[LeadContent]


async def try_text(engine: AsyncEngine, text: SupervisionText) -> TextTrial:
    """Look through the whole ledger by the texts in force and with a new one behind them; nothing is written."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        async with connection.begin():
            adopted = [each.text for each in await adopted_texts(connection)]
            old = (await load_context(connection)).context
            new = (await load_context(connection, SupervisionHistory([*adopted, text]))).context
            states = {lead.lead_id: lead.state for lead in await load_leads(connection)}
            rules = {code: RuleTrial(code) for code in SUPERVISION_RULES}
            gained: list[LeadContent] = []
            lost: list[LeadContent] = []
            persons = await _count_persons(connection)
            async for before, after in _both(connection, old, new):
                _compare(before, after, states, rules, gained, lost)
    return TextTrial(list(rules.values()), persons, gained, lost)


async def _count_persons(connection: AsyncConnection) -> int:
    return len(await fetch_text(connection, ALL_PERSONS, []))


async def _both(
    connection: AsyncConnection, old: SupervisionContext, new: SupervisionContext
) -> AsyncIterator[tuple[list[LeadContent], list[LeadContent]]]:
    persons = [row["person_id"] for row in await fetch_text(connection, ALL_PERSONS, [])]
    for first in range(0, len(persons), PERSONS_AT_ONCE):
        loaded = await load_supervised(connection, persons[first : first + PERSONS_AT_ONCE])
        yield await leads_of_persons(connection, loaded, old), await leads_of_persons(connection, loaded, new)
    if not any(rule.of_year for rule in SUPERVISION_RULES.values()):
        return
    years = LoadedYears(connection)
    for row in await fetch_text(connection, _YEARS, []):
        claims = await years.claims_of(row["year"])
        yield await leads_of_year(connection, claims, old), await leads_of_year(connection, claims, new)


def _compare(
    before: list[LeadContent],
    after: list[LeadContent],
    states: dict[str, str],
    rules: dict[str, RuleTrial],
    gained: list[LeadContent],
    lost: list[LeadContent],
) -> None:
    now = {content.lead_id: content for content in after}
    then = {content.lead_id: content for content in before}
    for content in before:
        trial, state = rules[content.rule], states.get(content.lead_id)
        trial.old += 1
        trial.at_risk_old += sum(content.at_risk.values())
        kept = content.lead_id in now
        if not kept:
            trial.lost += 1
            lost.append(content)
        trial.confirmed_kept += kept and state == "confirmed"
        trial.confirmed_lost += not kept and state == "confirmed"
        trial.dismissed_kept += kept and state == "dismissed"
        trial.dismissed_lost += not kept and state == "dismissed"
    for content in after:
        trial, was = rules[content.rule], then.get(content.lead_id)
        trial.new += 1
        trial.at_risk_new += sum(content.at_risk.values())
        if was is None:
            trial.gained += 1
            gained.append(content)
        else:
            trial.graver += graver(content.severity, was.severity)
            trial.milder += graver(was.severity, content.severity)
