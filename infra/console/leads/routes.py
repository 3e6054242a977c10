"""``/leads``: the queue, the day's sample, one lead with its evidence, and putting it aside."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import exists, func, select

from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.form_fields import FormFields
from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.leads import lead_page, works
from infra.console.leads.queue import (
    count_by_state,
    leads_query,
    listing_of_leads,
    place_in_queue,
    queue_text,
    sample_query,
)
from infra.console.leads.texts import shown_sections, text_in_force
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import done, own_path, render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.evidence import rule_named
from policies.supervision.values import SEVERITY_NAMES
from processors.supervision import steps
from processors.supervision.adoption import SupervisionRefused
from processors.supervision.listings import lead_of, not_looked_at
from processors.supervision.steps import STATE_NAMES
from projections.leads import leads

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.LEADS)]
Writer = Annotated[Visitor, needs(Permission.LEADS_STEP)]
BADGES = {"violation": "bad", "suspicious": "warn", "hint": "plain"}
"""How a lead's severity is marked."""


@router.get("/leads")
async def queue(request: Request, visitor: Reader) -> Response:
    """Leads that wait first, the graver before the others, then by outlier × money."""
    await _look_at_asked(request, visitor)
    async with visitor.engine.connect() as connection:
        counts = await count_by_state(connection)
        new, looked = await not_looked_at(connection)
    listing = listing_of_leads(queue_text(request.query_params))
    tabs = [(code, name, counts.get(code, 0)) for code, name in STATE_NAMES.items()]
    source = leads_query(request.query_params)
    asked = request.query_params.get("state", "")
    shown = {"tabs": tabs, "state": asked, "new": new, "looked": looked}
    may_step = visitor.may(Permission.LEADS_STEP)
    return await show_listing(request, visitor, listing, source, "leads/leads.html", **shown, may_step=may_step)


@router.get("/leads/sample")
async def sample(request: Request, visitor: Reader) -> Response:
    """What the lot has drawn today, whatever its rank."""
    await _look_at_asked(request, visitor)
    today = await visitor.today()
    listing = listing_of_leads(queue_text({**request.query_params, "drawn": today.isoformat()}), today)
    return await show_listing(request, visitor, listing, sample_query(today), "leads/sample.html", today=today)


@router.get("/leads/rules")
async def rules(request: Request, visitor: Reader) -> Response:
    """Every rule with its clause and values, their grades and sources, and the texts that were adopted."""
    async with visitor.engine.connect() as connection:
        text, adopted = await text_in_force(connection)
    return render(request, "leads/rules.html", text=text, sections=shown_sections(text), adopted=adopted)


@router.get("/leads/rules/text")
async def text_of_rules(visitor: Reader) -> Response:
    """The text in force, to be changed and tried."""
    async with visitor.engine.connect() as connection:
        text, _ = await text_in_force(connection)
    headers = {"content-disposition": f'attachment; filename="{text.name}-{text.version}.yaml"'}
    return Response(text.text, media_type="application/yaml", headers=headers)


@router.get("/leads/{lead_id}")
async def lead(request: Request, visitor: Reader, lead_id: str) -> Response:
    """One lead in the order of an audit's report."""
    try:
        found, told = await lead_of(visitor.engine, lead_id)
    except SupervisionRefused:
        raise NotFound(f"没有疑点 {lead_id}。There is no lead {lead_id}") from None
    if found.person_id is not None:
        await record_look(request, visitor, found.person_id, "lead")
    query = queue_text(request.query_params)
    drawn = "drawn" in request.query_params
    today = await visitor.today()
    listing = listing_of_leads(query, today if drawn else None)
    source = sample_query(today) if drawn else leads_query(request.query_params)
    async with visitor.engine.connect() as connection:
        place = await place_in_queue(connection, source, listing.criteria(request), lead_id, listing.order)
        called = await lead_page.hospital_names(connection, found)
    return render(
        request,
        "leads/lead.html",
        lead=found,
        facts=lead_page.facts(found),
        rule=rule_named(found.rule),
        severity=SEVERITY_NAMES[found.severity],  # type: ignore[index] # of the table's check
        badge=BADGES[found.severity],
        state=STATE_NAMES[found.state],
        figures=lead_page.figures(found.evidence["figures"]),
        peers=lead_page.peers(found),
        parameters=lead_page.parameters(found),
        claims=lead_page.claims(found, called),
        money=lead_page.money(found),
        history=lead_page.history(told),
        called=called,
        region=lead_page.region_text(found.region),
        place=place,
        query=query,
        queue_path="/leads/sample" if drawn else f"/leads?{query}" if query else "/leads",
        may_step=visitor.may(Permission.LEADS_STEP),
        may_open=visitor.may(Permission.CASES_STEP),
    )


@router.post("/leads/{lead_id}/dismiss")
async def dismiss(request: Request, visitor: Writer, lead_id: str) -> Response:
    """Put a lead aside, with the reason; then on to the next of the queue where that was asked for."""
    fields = await FormFields.of(request)
    reason = fields.words("reason", "理由")
    await steps.dismiss(visitor.engine, lead_id, visitor.actor(fields.raw("actor")), reason)
    there = fields.raw("next") if fields.given("go_on") else ""
    return done(
        visitor,
        own_path(there or f"/leads/{lead_id}"),
        f"已排除疑点 {lead_id}：{reason}。Dismissed: it stays on record",
    )


async def _look_at_asked(request: Request, visitor: Visitor) -> None:
    """A list of one person's leads is a look at the person."""
    person = request.query_params.get("person", "").strip()
    async with visitor.engine.connect() as connection:
        known = select(exists().where(leads.c.person_id == person))
        found = bool(person) and (await connection.execute(known)).scalar_one()
    if found:
        await record_look(request, visitor, person, "leads")


async def waiting(visitor: Visitor) -> list[Task]:
    """Open leads, and of these the violations."""
    async with visitor.engine.connect() as connection:
        query = (
            select(leads.c.severity, func.count().label("waiting")).where(leads.c.state == "open").group_by("severity")
        )
        counts = {row.severity: row.waiting for row in await connection.execute(query)}
    violations, others = counts.pop("violation", 0), sum(counts.values())
    return [
        Task(
            "/leads?state=open&severity=violation", "违规疑点待处理", "violations to look into", violations, urgent=True
        ),
        Task("/leads?state=open", "其他疑点待处理", "other open leads", others),
    ]


router.routes.extend(works.router.routes)
GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/leads",
            "疑点",
            "leads",
            Permission.LEADS,
            30,
            told="监管规则查出的疑点，排除或立案",
            shortcuts=(
                Shortcut("/leads/sample", "今日抽样"),
                Shortcut("/leads/rules", "规则、参数和试算"),
            ),
        ),
    ),
    tasks=waiting,
)
