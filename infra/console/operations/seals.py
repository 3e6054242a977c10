"""``/operations/seals``: seal every journal's head, and hold an old seal against the ledger."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from infra.cli.finding_text import finding_line
from infra.console.authorization import needs
from infra.console.background import WorkFile, WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.pages import moment_text, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from processors.delivery.names import SEAL_JOURNAL
from processors.proof.seal_check import SealCheck, check_seal
from processors.proof.seals import Seal, SealError, read_seal
from processors.proof.seals import seal as seal_journals

router = APIRouter()
LARGEST_SEAL = 10_000_000
"""Bytes; a seal has a line of 100 for each journal."""
SHOWN = 50


@router.get("/operations/seals")
async def seals(request: Request, visitor: Annotated[Visitor, needs(Permission.PROOF)]) -> Response:
    """The seals that were made, the last first."""
    query = (
        select(entries.c.number, entries.c.recorded_at, entries.c.hash)
        .where(entries.c.journal == SEAL_JOURNAL)
        .order_by(entries.c.number.desc())
        .limit(SHOWN)
    )
    async with visitor.engine.connect() as connection:
        made = (await connection.execute(query)).all()
    return render(
        request, "operations/seals.html", made=made, shown=SHOWN, may_seal=visitor.may(Permission.OPERATIONS_STEP)
    )


@router.post("/operations/seals")
async def make(visitor: Annotated[Visitor, needs(Permission.OPERATIONS_STEP)]) -> Response:
    """Seal now; the answer is the file to be kept elsewhere."""
    made = await seal_journals(visitor.engine)
    name = f"seal-{made.number}-{made.sealed_at:%Y%m%d}.json"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(made.json_text() + b"\n", media_type="application/json", headers=headers)


@router.post("/operations/seals/check")
async def check(
    request: Request,
    visitor: Annotated[Visitor, needs(Permission.PROOF)],
    seal: Annotated[UploadFile, File()],
) -> Response:
    """Hold a seal that was kept elsewhere against the ledger, in the background: every sealed journal is walked."""
    try:
        known = read_seal(await seal.read(LARGEST_SEAL))
    except SealError as error:
        raise Unprocessable(FieldTrouble("封账文件", "不是封账文件，或已被改动", str(error))) from None

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(0, None, "逐条核对被封的账册 walking the sealed journals")
        return _outcome(known, await check_seal(engine, known))

    started = state_of(request).works.start(visitor, "seal check", "核对封账 Check a seal", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


def _outcome(known: Seal, checked: SealCheck) -> WorkOutcome:
    facts = [
        ("封账", "seal", f"#{known.number}"),
        ("封账时间", "sealed at", moment_text(known.sealed_at)),
        ("账册", "journals", len(known.heads)),
        ("首尾不符的账册", "journals whose head is another", len(checked.broken)),
        ("被改动的条目", "entries that were altered", checked.altered),
    ]
    if checked.holds:
        message = "封账相符：各账册末条与封账一致，各条目与其哈希一致。The seal holds: heads and entries are as sealed"
        return WorkOutcome(message, facts)
    lines = [
        finding_line(
            "seal",
            f"journal {each.journal}, entry {each.number}",
            f"hash {each.expected}",
            f"hash {each.found}" if each.found else "no entry",
        )
        for each in checked.broken
    ]
    lines += [finding_line(**asdict(problem)) for problem in checked.problems]
    file = WorkFile(f"seal-{known.number}-findings.txt", "text/plain; charset=utf-8", "\n".join(lines).encode())
    return WorkOutcome("封账不符，详见文件。The seal does not hold: the file says where", facts, file=file, good=False)
