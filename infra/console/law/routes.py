"""``/law``: the texts of schemes by date, each value beside its clause, what two texts differ in, what is offered."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import func, select

from events.codes import INSURANCE_TYPE_NAMES, is_region
from events.store.journal import database_time, entries
from infra.cli.scheme_text import place_text, value_name_text
from infra.console.authorization import needs
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.form_fields import day_of
from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.law import proposals
from infra.console.law.comparison import changed_values, section_title, side_by_side
from infra.console.law.law_listings import ADOPTED, TEXTS, VALUES
from infra.console.law.law_texts import STATE_NAMES, KnownTexts, known_texts
from infra.console.listing import show_listing
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from infra.offers_page.page import page as offers_page
from infra.offers_page.page import style_sheet
from infra.words.evidence import word, worded
from policies.describe import describe
from policies.explain import GRADES
from policies.scheme import Scheme
from policies.supervision.text import SupervisionText, cited_sections
from policies.supervision.values import SEVERITY_NAMES
from processors.delivery.names import PROPOSALS_JOURNAL
from processors.law.offers import offered
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.terms import CATEGORY_NAMES, LAYER_NAMES
from processors.proposals.journal import load_proposals

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.LAW)]
Short = Annotated[str, Query(max_length=80)]
_DIGITS = 6


@router.get("/law")
async def law(request: Request, visitor: Reader, on: Short = "") -> Response:
    """All texts of schemes; with ``on`` those in force that serve claims of a day."""
    known = await known_texts(visitor.engine)
    day = day_of(on, "日期") if on else None
    rows = _text_rows(known)
    if day is not None:
        rows = [
            row
            for row in rows
            if row["state"] == "in_force" and row["from"] <= day and (row["until"] is None or day < row["until"])
        ]
    return await show_listing(
        request, visitor, TEXTS, rows, "law/law.html", on=on, may_step=visitor.may(Permission.LAW_STEP)
    )


@router.get("/law/schemes/{content_hash}")
async def one_scheme(request: Request, visitor: Reader, content_hash: str) -> Response:
    """Every value of a text, with dates, grade and clause."""
    known = await known_texts(visitor.engine)
    found = known.scheme(content_hash)
    scheme = found.scheme
    rows = [
        {
            **row,
            "place": place,
            "where": place_text(row["where"]),
            "name": value_name_text(row["where"], row["name"]),
            "for": place_text(row["for"]),
            "value": str(row["value"]),
        }
        for place, row in enumerate(describe(scheme))
    ]
    others = {
        each.scheme.content_hash: f"{STATE_NAMES[each.state]} {each.adopted_at:%Y-%m-%d}"
        if each.adopted_at
        else STATE_NAMES[each.state]
        for each in known.schemes.values()
        if each.scheme.name == scheme.name and each.scheme.content_hash != content_hash
    }
    return await show_listing(
        request,
        visitor,
        VALUES,
        rows,
        "law/scheme.html",
        scheme=scheme,
        state=STATE_NAMES[found.state],
        in_force=found.state == "in_force",
        regions=_regions(scheme),
        insured="、".join(f"{INSURANCE_TYPE_NAMES.get(code, code)}" for code in scheme.insurance_types),
        poor="、".join(CATEGORY_NAMES[each] for each in scheme.poor.categories),
        poor_by=f"{GRADES[scheme.poor.grade]}，{scheme.poor.citation}",
        grades=_grades(rows),
        others=others,
    )


@router.get("/law/texts/{content_hash}")
async def text_file(visitor: Reader, content_hash: str) -> Response:
    """A text's own bytes, to begin another with."""
    text = (await known_texts(visitor.engine)).text(content_hash)
    named = f'attachment; filename="{text.name}-{content_hash[:8]}.yaml"'
    return Response(text.text, media_type="application/yaml", headers={"content-disposition": named})


@router.get("/law/difference")
async def difference(request: Request, visitor: Reader, before: Short = "", after: Short = "") -> Response:
    """What two texts differ in: value by value in words, and line by line side by side."""
    known = await known_texts(visitor.engine)
    was, now = known.text(before), known.text(after)
    if isinstance(was, Scheme) != isinstance(now, Scheme):
        raise NotFound("一份是政策文本，一份是监管参数，不能比较。One is a scheme, the other a supervision text")
    return render(
        request,
        "law/difference.html",
        before=was,
        after=now,
        kind="schemes" if isinstance(was, Scheme) else "supervision",
        changed=changed_values(was, now),
        lines=side_by_side(was.text, now.text),
    )


@router.get("/law/offers.css", dependencies=[needs(Permission.LAW)])
async def offers_style() -> Response:
    """The style of the page of offers."""
    return Response(style_sheet(), media_type="text/css; charset=utf-8")


@router.get("/law/offers")
async def offers(visitor: Reader, on: Short = "", region: Short = "") -> Response:
    """What counties offer on a day, as the page that is published for hospitals."""
    if region and not is_region(region):
        raise Unprocessable(FieldTrouble("统筹区", f"“{region}”不是统筹区代码，应为六位数字", "a code of six digits"))
    async with visitor.engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        as_of = await database_time(connection)
    day = day_of(on, "日期") if on else await visitor.today()
    serving = pinned.all_for_region(region, day) if region else [each for each in pinned.current if each.holds_on(day)]
    if not serving:
        raise NotFound(f"{region or '账本'} {day} 没有生效的政策。No scheme is in force there on that day")
    found = [offered(each, day) for each in sorted(serving, key=lambda each: each.name)]
    return HTMLResponse(offers_page(found, as_of, style_url="/law/offers.css"))


@router.get("/law/supervision")
async def supervision(request: Request, visitor: Reader) -> Response:
    """The texts of supervision that were adopted, and the built-in one."""
    known = await known_texts(visitor.engine)
    rows = [
        {
            "number": each.number,
            "title": each.text.title,
            "version": f"{each.text.name} {each.text.version}",
            "in_force_from": each.text.in_force_from,
            "regions": each.text.regions or ("全部",),
            "actor": each.actor,
            "approver": each.approver,
            "reason": each.reason,
            "adopted_at": each.recorded_at,
            "hash": each.text.content_hash,
        }
        for each in known.adopted_supervision
    ]
    return await show_listing(
        request, visitor, ADOPTED, rows, "law/supervision.html", may_step=visitor.may(Permission.LAW_STEP)
    )


@router.get("/law/supervision/{content_hash}")
async def one_supervision(request: Request, visitor: Reader, content_hash: str) -> Response:
    """Every value of a supervision text with its grade and source; ``built_in`` is the program's own."""
    known = await known_texts(visitor.engine)
    text = next(iter(known.supervision.values())) if content_hash == "built_in" else known.text(content_hash)
    if not isinstance(text, SupervisionText):
        raise NotFound("没有这份监管参数。There is no such supervision text")
    before = known.supervision_before(text)
    sections = [
        (section_title(section, item, part), part, [(word(name), worded(each["value"]), each) for name, each in values])
        for section, item, part in cited_sections(text)
        if (values := list(part.described().items()))
    ]
    return render(
        request,
        "law/supervision_text.html",
        text=text,
        sections=sections,
        grades=GRADES,
        severities=SEVERITY_NAMES,
        before=None if before.content_hash == text.content_hash else before,
    )


def _text_rows(known: KnownTexts) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    last: dict[str, str] = {}
    for content_hash, each in known.schemes.items():
        scheme = each.scheme
        before = last.get(scheme.name, "")
        last[scheme.name] = content_hash
        rows.append(
            {
                "hash": content_hash,
                "name": scheme.name,
                "title": scheme.title,
                "regions": scheme.regions,
                "from": scheme.valid.from_,
                "until": scheme.valid.until,
                "layers": " → ".join(LAYER_NAMES[stage.layer] for stage in scheme.stages),
                "document": scheme.document,
                "state": each.state,
                "adopted_at": each.adopted_at,
                "actor": each.actor,
                "before": before,
                "difference": "比较" if before else None,
            }
        )
    return rows


def _regions(scheme: Scheme) -> str:
    return "、".join(
        str(region_named(code.ljust(_DIGITS, "0"))) + ("及所辖" if len(code) < _DIGITS else "")
        for code in scheme.regions
    )


def _grades(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(code, name, sum(row["grade"] == code for row in rows)) for code, name in GRADES.items()]


async def _tasks(visitor: Visitor) -> Sequence[Task]:
    async with visitor.engine.connect() as connection:
        some = select(func.count()).where(entries.c.journal == PROPOSALS_JOURNAL)
        if not (await connection.execute(some)).scalar_one():
            return ()
        register = await load_proposals(connection)
    proposed = [each for each in register.proposals.values() if each.state == "proposed"]
    waiting = sum(not visitor.took(each.proposer.actor) for each in proposed)
    return (Task("/law/proposals?state=proposed", "政策文本待采用", "texts to adopt", waiting),)


_all = APIRouter(routes=[*proposals.router.routes, *router.routes])
GROUP = PageGroup(
    _all,
    (
        MenuEntry(
            "/law",
            "政策",
            "law",
            Permission.LAW,
            60,
            told="各县政策的数值、条款、等级，某日适用哪一份",
            shortcuts=(Shortcut("/law/proposals", "提议、试算、采用新文本"),),
        ),
    ),
    tasks=_tasks,
)
