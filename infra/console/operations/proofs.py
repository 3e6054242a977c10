"""``/operations/proof``: prove the books, and compare the projections with the ledger, in the background."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.difference_text import difference_line
from infra.cli.finding_text import finding_line, verdict_counts
from infra.console.authorization import needs
from infra.console.background import WorkFile, WorkOutcome, WorkProgress
from infra.console.errors import Refused
from infra.console.pages import moment_text, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.worker.proof_process import prove_apart
from processors.delivery.position import positions
from processors.proof.rebuild import RebuildReport, rebuild
from processors.proof.verify import VerifyReport

router = APIRouter()
Prover = Annotated[Visitor, needs(Permission.PROOF)]
TEXT = "text/plain; charset=utf-8"


@router.get("/operations/proof")
async def proof(request: Request, visitor: Prover) -> Response:
    """What can be proved, and what of it runs or has run."""
    works = [work for work in state_of(request).works.of(visitor) if work.kind in ("verify", "rebuild")]
    return render(request, "operations/proof.html", works=works)


@router.post("/operations/verify")
async def verify(request: Request, visitor: Prover) -> Response:
    """Prove the books: ``claims verify``, in a process of its own, so that pages go on."""
    login = visitor.login

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        total = await _entries(engine)
        progress.set(0, total, "条账目 entries")

        def report(what: str, count: int) -> None:
            if what == "entries":
                progress.set(progress.done + count, total)

        return _verdict(await prove_apart(engine.url.render_as_string(hide_password=False), report), login)

    started = state_of(request).works.start(visitor, "verify", "验账 Verify", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


@router.post("/operations/rebuild")
async def rebuild_dry(request: Request, visitor: Prover) -> Response:
    """Derive every projection anew and compare: ``claims rebuild --dry-run``. Nothing is changed."""
    login = visitor.login

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(0, None, "由账本重新推导，数据库中进行 deriving, within the database")
        try:
            return _compared(await rebuild(engine, dry_run=True), login)
        except LookupError as damaged:
            raise Refused(f"账本已损坏，请先验账。The ledger is damaged, verify it first: {damaged}") from None

    started = state_of(request).works.start(visitor, "rebuild", "比较投影 Rebuild, dry run", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


async def _entries(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.sum(positions.c.journal_number))) or 0)


def _verdict(report: VerifyReport, login: str) -> WorkOutcome:
    counts = verdict_counts(report)
    facts = [(name.partition(" ")[0], name.partition(" ")[2], f"{number:,}") for name, number in counts.items()]
    findings = [finding_line(**asdict(problem)) for problem in report.problems]
    if report.found > len(findings):
        findings.append(f"另有 and {report.found - len(findings)} more")
    verdict = (
        "账实相符 the books hold" if report.holds else f"账实不符 the books do not hold: 问题 problems {report.found}"
    )
    lines = [
        "验账报告 Report of verify",
        f"验账登录 login: {login}",
        *(f"{name}: {number}" for name, number in counts.items()),
        "",
        verdict,
        *findings,
    ]
    shown = [("问题", f"problem {place}", line) for place, line in enumerate(findings[:10], 1)]
    message = (
        "账实相符：账册完整，各条结算可由账本重算。The books hold"
        if report.holds
        else f"账实不符，发现 {report.found} 处问题，详见报告。The books do not hold: the report says where"
    )
    return WorkOutcome(message, [*facts, *shown], file=_file("verify", lines), good=report.holds)


def _compared(report: RebuildReport, login: str) -> WorkOutcome:
    lines = [f"投影比较报告 Report of rebuild --dry-run\n登录 login: {login}\n账目 entries: {report.entries}\n"]
    for each in report.projections:
        counts = f"行数 rows {each.rows}, 缺少 missing {each.missing}, 多余 surplus {each.surplus}"
        lines.append(f"{each.projection}: {counts}, 不同 different {each.different}")
        lines += [f"  {difference_line(each.projection, found)}" for found in each.first]
    facts = [
        ("账目", "entries", f"{report.entries:,}"),
        ("投影", "projections", len(report.projections)),
        ("不同的行", "rows that differ", report.found),
        *((each.projection, "rows that differ", each.found) for each in report.projections if each.found),
    ]
    message = (
        "投影与账本一致。Every projection is what the ledger says"
        if not report.found
        else "投影与账本不一致，未改正：请运行 claims rebuild。Rows differ, none was mended: run `claims rebuild`"
    )
    return WorkOutcome(message, facts, file=_file("rebuild", lines), good=not report.found)


def _file(name: str, lines: list[str]) -> WorkFile:
    text = "\n".join([*lines, f"完成于 done at {_now()}", ""])
    return WorkFile(f"{name}-{_now()[:10]}.txt", TEXT, text.encode())


def _now() -> str:
    return moment_text(datetime.now(COUNTY_TIME))
