"""``/law/proposals``: one person proposes a text, it is tried, another person adopts it."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.authorization import needs
from infra.console.background import WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, NotFound, Refused, Unprocessable
from infra.console.form_fields import FormFields
from infra.console.law.comparison import changed_values
from infra.console.law.law_listings import PROPOSALS
from infra.console.law.law_texts import KnownTexts, known_texts
from infra.console.listing import show_listing
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.files.case_file import expected_headings, read_cases
from infra.words.evidence import rule_named
from policies.loader import SchemeError, falling_shares, load_text, review
from policies.scheme import Scheme
from policies.supervision.text import SupervisionText, SupervisionTextError, load_supervision
from policies.vocabulary import in_layer_order
from policies.worked_cases import differences
from policies.yaml_text import MOST_BYTES
from processors.law.terms import LAYER_NAMES
from processors.proposals.journal import (
    KIND_NAMES,
    STATE_NAMES,
    TextProposal,
    TextTried,
    adopt_proposal,
    propose,
    record_trial,
    withdraw_proposal,
)
from processors.proposals.trial import try_scheme, try_supervision

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.LAW)]
Writer = Annotated[Visitor, needs(Permission.LAW_STEP)]
MOST_PROBLEMS = 30


@router.get("/law/proposals")
async def all_proposals(request: Request, visitor: Reader) -> Response:
    """The proposals, and the form of another one."""
    known = await known_texts(visitor.engine)
    rows = [
        {
            **{name: getattr(each, name) for name in ("kind", "name", "title", "state", "at", "closed_at", "reason")},
            "number": str(each.number),
            "trials": len(each.trials),
            "proposer": each.proposer.actor,
            "closed_by": each.closed_by.actor if each.closed_by is not None else None,
        }
        for each in known.proposals.values()
    ]
    may_step = visitor.may(Permission.LAW_STEP)
    return await show_listing(
        request, visitor, PROPOSALS, rows, "law/proposals.html", kinds=KIND_NAMES, may_step=may_step
    )


@router.post("/law/proposals")
async def make_proposal(request: Request, visitor: Writer, file: Annotated[UploadFile, File()]) -> Response:
    """Propose a text that was uploaded; every fault of it is told with its line."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "理由")
    kind = fields.choice("kind", "种类", tuple(KIND_NAMES))
    content, name = await file.read(MOST_BYTES + 1), PurePath(file.filename or "text.yaml").name
    try:
        text = await asyncio.to_thread(_loaded, kind, content, name)
        proposed = await propose(visitor.engine, text, who, reason)
    except (SchemeError, SupervisionTextError) as error:
        raise Unprocessable(
            *(FieldTrouble("文本", problem, "") for problem in error.problems[:MOST_PROBLEMS])
        ) from None
    told = f"已提议 {proposed.number}：先试算，再由另一人采用。Proposed: try it, then another person adopts it"
    return done(visitor, f"/law/proposals/{proposed.number}", told)


@router.get("/law/proposals/{number}")
async def one_proposal(request: Request, visitor: Reader, number: str) -> Response:
    """A proposal: what it changes, what its trials came to, and the next step."""
    known, found = await _proposal(visitor, number)
    text, before = _texts(known, found)
    remarks: list[str] = []
    if isinstance(text, Scheme):
        earlier = before if isinstance(before, Scheme) else None
        remarks = [*review(text.text, text.name, earlier).warned, *falling_shares(text.text, text.name)]
    return render(
        request,
        "law/proposal.html",
        found=found,
        text=text,
        before=before,
        kind_name=KIND_NAMES[found.kind],
        state=STATE_NAMES[found.state],
        changed=changed_values(before, text) if before is not None else [],
        remarks=remarks[:MOST_PROBLEMS],
        trials=[(each, _moved(each)) for each in reversed(found.trials)],
        since=text.valid.from_ if isinstance(text, Scheme) else None,
        rule_named=rule_named,
        may_step=visitor.may(Permission.LAW_STEP),
    )


@router.post("/law/proposals/{number}/trial")
async def trial(request: Request, visitor: Writer, number: str) -> Response:
    """Try a proposal on all that is settled, in the background; its result stands with the proposal."""
    fields = await FormFields.of(request)
    who, (_, found) = visitor.actor(fields.raw("actor")), await _proposal(visitor, number)
    if found.state != "proposed":
        raise Refused(f"提议 {number} {STATE_NAMES[found.state]}，不再试算。It does not stand any more")
    since = fields.day("since", "自此日期起的结算单") if found.kind == "scheme" else None

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        return await _try(engine, progress, found, who, since)

    title = f"试算提议{found.number} Trial of a proposed text"
    started = state_of(request).works.start(visitor, "law trial", title, work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


@router.post("/law/proposals/{number}/cases")
async def cases(request: Request, visitor: Reader, number: str, file: Annotated[UploadFile, File()]) -> Response:
    """Settle a county's own worked cases under a proposed scheme; nothing is kept."""
    _, found = await _proposal(visitor, number)
    if found.kind != "scheme":
        raise NotFound("监管参数没有案例。A supervision text has no cases")
    scheme, content = found.scheme(), await file.read(MOST_BYTES + 1)
    held, differing = await asyncio.to_thread(_differing, scheme, content)
    headings = {name: heading for heading, name in expected_headings(scheme.terms).items()}
    return render(
        request, "law/cases.html", found=found, held=held, differing=differing, headings=headings, name=file.filename
    )


@router.post("/law/proposals/{number}/adopt")
async def adopt(request: Request, visitor: Writer, number: str) -> Response:
    """Adopt what another person has proposed and somebody has tried: it is law for the next claim."""
    fields = await FormFields.of(request)
    who, (_, found) = visitor.actor(fields.raw("actor")), await _proposal(visitor, number)
    adopted = await adopt_proposal(visitor.engine, found.number, who)
    path = f"/law/{'schemes' if adopted.kind == 'scheme' else 'supervision'}/{adopted.hash}"
    later = "；以后受理的结算单按它结算，已结算的须在“运行·重新结算”另办" if adopted.kind == "scheme" else ""
    return done(visitor, path, f"已采用 {adopted.name}：提议 {adopted.proposer.actor}，采用 {who}{later}。Adopted")


@router.post("/law/proposals/{number}/withdraw")
async def withdraw(request: Request, visitor: Writer, number: str) -> Response:
    """Take back a proposal that nobody has adopted."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    _, found = await _proposal(visitor, number)
    await withdraw_proposal(visitor.engine, found.number, who, reason)
    return done(visitor, f"/law/proposals/{number}", f"已撤回提议 {number}。Withdrawn")


async def _proposal(visitor: Visitor, number: str) -> tuple[KnownTexts, TextProposal]:
    known = await known_texts(visitor.engine)
    found = known.proposals.get(int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    if found is None:
        raise NotFound(f"没有提议 {number}。There is no proposal {number}")
    return known, found


def _loaded(kind: str, content: bytes, name: str) -> Scheme | SupervisionText:
    """An uploaded text. Raises ``SchemeError``, ``SupervisionTextError``."""
    return load_text(content, name) if kind == "scheme" else load_supervision(content, name)


def _texts(known: KnownTexts, found: TextProposal) -> tuple[Scheme | SupervisionText, Scheme | SupervisionText | None]:
    """What is proposed, and the text that it follows; of one that was adopted, the one before it."""
    if found.kind == "supervision":
        text = found.supervision()
        return text, known.supervision_before(text)
    earlier = [
        each.scheme
        for each in known.schemes.values()
        if each.scheme.name == found.name and each.adopted_at is not None and each.scheme.content_hash != found.hash
    ]
    return found.scheme(), earlier[-1] if earlier else None


async def _try(
    engine: AsyncEngine, progress: WorkProgress, found: TextProposal, who: str, since: date | None
) -> WorkOutcome:
    if since is not None:
        tried = await try_scheme(engine, found.scheme(), since, progress.add)
        moved = f"{tried['claims']} 张结算单按它重算，{tried['persons']} 人的金额会变动"
        told = f"{moved}。Claims settled under it, and persons whose figures move"
    else:
        tried = await try_supervision(engine, found.supervision())
        told = f"查了 {tried['persons']} 人的全部历史。Looked through the history of all persons"
    await record_trial(engine, found.number, who, tried)
    return WorkOutcome(f"试算完成：{told}", path=f"/law/proposals/{found.number}")


def _moved(tried: TextTried) -> Sequence[tuple[str, int, int]]:
    layers = in_layer_order({*tried.before, *tried.after})
    return [(LAYER_NAMES[each], tried.before.get(each, 0), tried.after.get(each, 0)) for each in layers]


def _differing(scheme: Scheme, content: bytes) -> tuple[int, Sequence[object]]:
    """How many amounts were held, and which come out otherwise. Raises ``UnusableFile``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cases.csv"
        path.write_bytes(content)
        found = read_cases(path, scheme.terms)
    return sum(len(each.expected) for each in found), differences(scheme, found)
