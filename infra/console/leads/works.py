"""What takes long about leads: looking for new ones, and the trial of a changed text on all history."""

from typing import Annotated

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.authorization import needs
from infra.console.background import WorkFile, WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.pages import moment_text
from infra.console.permissions import Permission
from infra.console.stamp import Stamp, ledger_stamp
from infra.console.state import state_of
from infra.console.threads import in_thread
from infra.console.visitor import Visitor
from infra.files.workbook import workbook
from infra.words.evidence import rule_named
from infra.words.trials import trial_sheet
from infra.worker.lead_years import look_for_leads
from policies.supervision.text import SupervisionText, SupervisionTextError, load_supervision
from policies.yaml_text import MOST_BYTES
from processors.supervision.trial import RuleTrial, TextTrial, try_text

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.LEADS)]
Writer = Annotated[Visitor, needs(Permission.LEADS_STEP)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("/leads/search")
async def search(request: Request, visitor: Writer) -> Response:
    """Look for leads in what came since the last time, as ``claims leads`` does."""

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(0, None, "查找新疑点 looking for leads")
        told = await in_thread(engine, look_for_leads)
        said = f"新查得 {told.found} 条，变动 {told.changed} 条，撤销 {told.withdrawn} 条"
        english = f"Found {told.found}, changed {told.changed}, withdrawn {told.withdrawn}"
        return WorkOutcome(f"{said}。{english}", path="/leads")

    started = state_of(request).works.start(visitor, "leads", "查找疑点 Look for leads", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


@router.post("/leads/rules/trial")
async def trial(request: Request, visitor: Reader, file: UploadFile) -> Response:
    """Look through all history by the texts in force and with a new one behind them; nothing is written."""
    text = await _text_of(file)

    async def tried(engine: AsyncEngine) -> tuple[Stamp, TextTrial]:
        async with engine.connect() as connection:
            stamp = await ledger_stamp(connection, visitor)
        return stamp, await try_text(engine, text)

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(0, None, "按新旧参数各查一遍全部历史 all history, by the old text and the new")
        stamp, told = await in_thread(engine, tried)
        remark = f"；账本位置 {stamp.entries}；{text.name} 第 {text.version} 版"
        content = workbook([trial_sheet(told)], moment_text(stamp.as_of), remark)
        return _outcome(text, told, WorkFile(f"trial-{text.name}-{text.version}.xlsx", XLSX, content))

    started = state_of(request).works.start(visitor, "trial", f"试算{text.title} Trial of a text", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


def _outcome(text: SupervisionText, told: TextTrial, file: WorkFile) -> WorkOutcome:
    said = (
        f"{text.title} {text.name} 第 {text.version} 版：查了 {told.persons} 人，新增 {len(told.gained)} 条，减少 "
        f"{len(told.lost)} 条；没有采用。Nothing was adopted"
    )
    facts = [(rule_named(each.rule).name, each.rule, _change(each)) for each in told.rules if each.old or each.new]
    return WorkOutcome(said, facts, "/leads/rules", file)


def _change(each: RuleTrial) -> str:
    parts = [f"{each.old} → {each.new}"]
    for name, count in (
        ("新增", each.gained),
        ("减少", each.lost),
        ("加重", each.graver),
        ("减轻", each.milder),
        ("查实丢失", each.confirmed_lost),
        ("排除过的减少", each.dismissed_lost),
    ):
        if count:
            parts.append(f"{name} {count}")
    return "，".join(parts)


async def _text_of(file: UploadFile) -> SupervisionText:
    """The text of a file. Raises ``Unprocessable``, with what is wrong in which line."""
    content = await file.read(MOST_BYTES + 1)
    try:
        return load_supervision(content, file.filename or "text.yaml")
    except SupervisionTextError as error:
        raise Unprocessable(*(FieldTrouble("参数文本", problem, "") for problem in error.problems)) from None
