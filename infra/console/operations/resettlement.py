"""``/operations/resettle``: settle claims again under their scheme's text in force, after a foresight of what moves."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from events.national_ids import NationalIdGivenError, refuse_national_ids
from infra.console.authorization import needs
from infra.console.background import RunningWork, WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, NotFound, Refused, Unprocessable
from infra.console.pages import render, yuan_text
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.step_access import beside_workers
from infra.console.visitor import Visitor
from infra.operations.resettle import resettle
from policies.vocabulary import in_layer_order
from processors.delivery.names import INTAKE_CONSUMER, SETTLEMENT_CONSUMER
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.terms import FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.resettlement.order import ChangeEffect, SchemeChange, change_to, persons_touched, preview
from projections.claims import claims

router = APIRouter()
Operator = Annotated[Visitor, needs(Permission.OPERATIONS_STEP)]
FORESIGHT, RESETTLE = "resettle foresight", "resettle"


@router.get("/operations/resettle")
async def choose(request: Request, visitor: Operator, seen: str = "") -> Response:
    """What is to be settled again; with ``seen``, a foresight, the step itself."""
    foresight = None if not seen else _foresight(request, visitor, seen)
    pinned = PinnedSchemes()
    async with visitor.engine.connect() as connection:
        await pinned.refresh(connection)
    schemes = {scheme.name: f"{scheme.name} {scheme.title}" for scheme in pinned.current}
    asked = {} if foresight is None else _asked(foresight)
    works = [work for work in state_of(request).works.of(visitor) if work.kind in (FORESIGHT, RESETTLE)]
    return render(request, "operations/resettle.html", schemes=schemes, foresight=foresight, asked=asked, works=works)


@router.post("/operations/resettle/foresee")
async def foresee(
    request: Request,
    visitor: Operator,
    scheme: Annotated[str, Form(max_length=200)],
    since: Annotated[str, Form(alias="from", max_length=10)],
) -> Response:
    """Work out in the background what would move; nothing is booked."""
    day = _day(since)

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        change, effect = await _change(engine, scheme, day), ChangeEffect()
        total = await _count(engine, change)
        async for page in persons_touched(engine, change):
            await preview(engine, change, [touched.person_id for touched in page], effect)
            progress.set(effect.claims, total, "张结算单试算 claims foreseen")
        asked = {"scheme": scheme, "from": day.isoformat(), "hash": change.scheme.content_hash}
        path = f"/operations/resettle?{urlencode(asked | {'seen': started.id})}"
        message = (
            f"试算完成，未入账：{effect.claims} 张结算单将按现行文本重新结算。Foreseen, nothing booked"
            if effect.claims
            else "没有需要重新结算的结算单。No claim would move"
        )
        return WorkOutcome(message, _facts(effect), path if effect.claims else None)

    started = state_of(request).works.start(visitor, FORESIGHT, "重新结算试算 Foresight of a re-settlement", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


@router.post("/operations/resettle")
async def order(
    request: Request,
    visitor: Operator,
    seen: Annotated[str, Form(max_length=100)],
    actor: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Settle again what a foresight has shown. The text in force must be the one that it was worked out with."""
    state = state_of(request)
    asked = _asked(_foresight(request, visitor, seen))
    who = visitor.actor(actor)
    try:
        refuse_national_ids({"actor": who})
    except NationalIdGivenError:
        raise Unprocessable(FieldTrouble("经办人", "不得写身份证号", "must not hold a national id")) from None

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        change = await _change(engine, asked["scheme"], _day(asked["from"]))
        if change.scheme.content_hash != asked["hash"]:
            raise Refused("试算之后政策文本已更换，请重新试算。The text in force has changed since: foresee it again")
        total = await _count(engine, change)

        def tell(ordered: int) -> None:
            # ordered twice: the second pass finds what came in between
            progress.set(min(ordered, total), total, "张结算单 claims ordered")

        async with beside_workers(state, engine, (INTAKE_CONSUMER, SETTLEMENT_CONSUMER)) as access:
            await resettle(engine, access.client, change, who, tell)
        left = await _count(engine, change)
        message = (
            f"已重新结算 {total - left} 张。{total - left} claims were settled again"
            if not left
            else f"已重新结算 {total - left} 张，另有 {left} 张未移动，请查看挂起批次。{left} claims have not moved"
        )
        return WorkOutcome(message, path="/operations/parked" if left else None, good=not left)

    started = state.works.start(visitor, RESETTLE, "重新结算 Resettle", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Unprocessable(FieldTrouble("自此日期", f"“{text}”不是日期", "no day: 2020-01-31")) from None


async def _change(engine: AsyncEngine, scheme: str, since: date) -> SchemeChange:
    try:
        return await change_to(engine, scheme, since)
    except LookupError as error:
        raise Refused(str(error)) from None


async def _count(engine: AsyncEngine, change: SchemeChange) -> int:
    """How many claims are under an older text."""
    query = select(func.count()).where(claims.c.scheme.in_(change.older), claims.c.date >= change.since)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


def _foresight(request: Request, visitor: Visitor, work_id: str) -> RunningWork:
    """A foresight that is done. Raises ``NotFound``."""
    work = state_of(request).works.find(visitor, work_id)
    if work.kind != FORESIGHT or work.outcome is None or work.outcome.path is None:
        raise NotFound("没有这次试算，请重新试算。There is no such foresight: make one")
    return work


def _asked(foresight: RunningWork) -> dict[str, str]:
    """What a foresight was about."""
    path = "" if foresight.outcome is None else foresight.outcome.path or ""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def _facts(effect: ChangeEffect) -> Sequence[tuple[str, str, object]]:
    facts: list[tuple[str, str, object]] = [
        ("结算单", "claims", effect.claims),
        ("金额变动人数", "persons whose figures move", effect.persons),
    ]
    for layer in in_layer_order({*effect.before, *effect.after}):
        before, after = effect.before.get(layer, 0), effect.after.get(layer, 0)
        figures = f"{_yuan(before)} → {_yuan(after)}，差额 {_yuan(after - before)}"
        facts.append((LAYER_NAMES[layer], f"{layer}, yuan before → after", figures))
    for fund, amount in effect.funds.items():
        if amount:
            insurer = INSURER_NAMES[fund.insurer] if fund.insurer else ""
            facts.append((f"{FUND_NAMES[fund.fund]} {insurer}".strip(), "paid by another fund, yuan", _yuan(amount)))
    return facts


def _yuan(fen: int) -> str:
    return yuan_text(yuan(fen))
