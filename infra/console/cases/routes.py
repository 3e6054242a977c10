"""``/cases``: lists of supervision's work, one case whole, and the page on which a case is opened."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.codes import is_region
from infra.console.authorization import needs
from infra.console.cases import blacklist, case_page, forms, steps
from infra.console.cases.listings import (
    CASES,
    HIT_RATES,
    INSPECTIONS,
    MEASURES,
    OVERDUE,
    RULE_NAMES,
    count_waiting,
    inspections_query,
    subject_path,
    view_query,
    with_day,
    with_shares,
)
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from processors.cases import hit_rates, overdue, refusal
from processors.cases import listings as case_rows
from processors.cases import year as years
from processors.cases.listings import case_file
from processors.law.terms import LAYER_NAMES

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CASES)]
Writer = Annotated[Visitor, needs(Permission.CASES_STEP)]


@router.get("/cases")
async def cases(request: Request, visitor: Reader) -> Response:
    """Cases with their deadlines, outcomes, and what was found, given back and fined."""
    shown = {"here": "/cases", "may_step": visitor.may(Permission.CASES_STEP)}
    return await show_listing(request, visitor, CASES, view_query(case_rows.CASES), "cases/cases.html", **shown)


@router.get("/cases/measures")
async def measures(request: Request, visitor: Reader) -> Response:
    """Measures with what intake made of their facts, and what the funds got back."""
    source = view_query(case_rows.MEASURES)
    return await show_listing(request, visitor, MEASURES, source, "cases/measures.html", here="/cases/measures")


@router.get("/cases/inspections")
async def inspections(request: Request, visitor: Reader) -> Response:
    """Inspections of hospitals and pharmacies, and a form to record one."""
    here, may_step = "/cases/inspections", visitor.may(Permission.CASES_STEP)
    shown = {"refusal": refusal, "may_step": may_step, "here": here}
    return await show_listing(request, visitor, INSPECTIONS, inspections_query(), "cases/inspections.html", **shown)


@router.get("/cases/overdue")
async def late(request: Request, visitor: Reader) -> Response:
    """What is late today, by the deadlines in force."""
    rows = with_day(await overdue.overdue_rows(visitor.engine))
    return await show_listing(request, visitor, OVERDUE, rows, "cases/overdue.html", here="/cases/overdue")


@router.get("/cases/hit-rates")
async def rates(request: Request, visitor: Reader) -> Response:
    """How many of each rule's leads were confirmed, of those looked into."""
    rows = with_shares(await hit_rates.hit_rate_rows(visitor.engine))
    shown = {"definition": hit_rates.DEFINITION, "here": "/cases/hit-rates"}
    return await show_listing(request, visitor, HIT_RATES, rows, "cases/hit_rates.html", **shown)


@router.get("/cases/year")
async def year(request: Request, visitor: Reader, region: str = "", year: str = "") -> Response:
    """The year of supervision (上高 三5), in and outside the county."""
    today = await visitor.today()
    if year and not (year.isdecimal() and 2000 <= int(year) <= 2100):
        raise Unprocessable(FieldTrouble("年度", f"“{year}”不是年度", "a year from 2000 to 2100"))
    if region and not is_region(region):
        raise Unprocessable(FieldTrouble("统筹区", f"“{region}”不是统筹区代码", "a code of six digits"))
    asked = int(year) if year else today.year
    told = await years.supervision_year(visitor.engine, asked, region) if region else None
    return render(
        request,
        "cases/year.html",
        told=told,
        sides=None if told is None else told.json(),
        lines=years.YEAR_LINES,
        year=asked,
        region=region,
        called=str(region_named(region)) if region else "",
        here="/cases/year",
    )


@router.get("/cases/open")
async def open_page(request: Request, visitor: Writer, lead: str = "", inspection: str = "") -> Response:
    """The form that opens a case; from a lead it is filled in as far as the lead says."""
    async with visitor.engine.connect() as connection:
        found = await case_page.leads_of_case(connection, [lead]) if lead else []
    if lead and not found:
        raise NotFound(f"没有疑点 {lead}。There is no lead {lead}")
    about = found[0] if found else None
    kind = "hospital" if about is not None and about.hospital_id and not about.person_id else "person"
    return render(
        request,
        "cases/open.html",
        about=about,
        inspection=inspection,
        kind=kind if about is not None else "hospital",
        rule=RULE_NAMES.get(about.rule, about.rule) if about is not None else "",
        origin="lead" if about is not None else "inspection" if inspection else "report",
        refusal=refusal,
        here="/cases",
    )


@router.get("/cases/{case_id}")
async def case(request: Request, visitor: Reader, case_id: str) -> Response:
    """One case whole, and what can be done with it now."""
    told = await case_file(visitor.engine, case_id)
    if told is None:
        raise NotFound(f"没有案件 {case_id}。There is no case {case_id}")
    if told["subject_kind"] == "person":
        await record_look(request, visitor, told["subject_id"], "case")
    today = await visitor.today()
    async with visitor.engine.connect() as connection:
        leads = await case_page.leads_of_case(connection, told["leads"])
        payments = await case_page.payments_of_case(connection, case_id)
        called = await case_page.hospital_name(connection, told["hospital_id"])
    states = {each["lead_id"]: each["state"] for each in told["lead_states"]}
    return render(
        request,
        "cases/case.html",
        case=told,
        called=called,
        subject_path=subject_path(told),
        region=str(region_named(told["region"])),
        late=case_page.is_late(told, today),
        stages=case_page.STAGES,
        stage=case_page.stage_of(told["status"]),
        leads=case_page.shown_leads(leads, states),
        offered=case_page.claims_offered(leads),
        payments=payments,
        payable=case_page.PAYABLE,
        choices=case_page.choices,
        layers=LAYER_NAMES,
        may_step=visitor.may(Permission.CASES_STEP),
        refusal=refusal,
        forms=forms,
        here="/cases",
    )


async def waiting(visitor: Visitor) -> list[Task]:
    """Cases that wait for another person's decision, those that are late, entries that wait for approval."""
    today = await visitor.today()
    async with visitor.engine.connect() as connection:
        counts = await count_waiting(connection, today)
    return [
        Task("/cases?status=proposed", "案件待决定", "cases to decide", counts["proposed"], urgent=True),
        Task("/cases/overdue", "案件逾期未决定", "cases that are late", counts["late"], urgent=True),
        Task("/blacklist", "黑名单待复核", "entries of the blacklist to approve", counts["entries"]),
    ]


router.routes.extend((*steps.router.routes, *blacklist.router.routes))
GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/cases",
            "案件",
            "cases",
            Permission.CASES,
            35,
            told="立案、认定、提请、决定、执行、结案",
            shortcuts=(
                Shortcut("/cases/overdue", "逾期事项"),
                Shortcut("/cases/inspections", "登记检查"),
                Shortcut("/cases/year", "监管年报"),
            ),
        ),
        MenuEntry("/blacklist", "黑名单", "blacklist", Permission.CASES, 36, told="登记、复核、移出"),
    ),
    tasks=waiting,
)
