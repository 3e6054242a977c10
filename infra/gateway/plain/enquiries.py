"""What a source asks over plain HTTP: the enquiries of docs/enquiries.md, a claim's statement and sheet, a trial."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from events.codes import is_id
from events.refusals import Refusal
from infra.access.sources import EVENT_BYTES, Source
from infra.gateway.plain.documents import SentDocument
from infra.gateway.plain.event_checks import check_documents
from infra.gateway.plain.limits import SourceLimits
from infra.gateway.plain.problems import HttpProblem, read_bounded
from infra.gateway.services import Services
from infra.settlement_sheet.page import load_sheet, sheet_page
from infra.settlement_sheet.sheet import NoSheet
from infra.worker.request_service import UNAVAILABLE
from processors.person.claim_account import tell_statement

_Tell = Callable[[AsyncEngine, str | None, bytes], Awaitable[dict[str, Any]]]
_STATUSES = {"unknown_claim": 404, "source_not_allowed": 403}
"""By reason; any other is 422."""
Endpoint = Callable[[Services, SourceLimits, Source, Request], Awaitable[Response]]


def enquiry(tell: _Tell) -> Endpoint:
    """An endpoint that asks the ledger as ``tell`` does, in the name of who calls."""

    async def asked(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
        await limits.take(source)
        return await _told(services, source, tell, await read_bounded(request, EVENT_BYTES))

    return asked


async def statement_of(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """The statement of the claim in the path, and its account."""
    await limits.take(source)
    return await _told(
        services, source, tell_statement, orjson.dumps({"claim_id": str(request.path_params["claim_id"])})
    )


async def sheet_of(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """The settlement sheet of the claim in the path, for the window's printer."""
    await limits.take(source)
    claim_id = str(request.path_params["claim_id"])
    if not is_id(claim_id):
        raise _problem("malformed", "a claim's id has letters, digits, - and _", "结算单号只含字母、数字、- 和 _")
    try:
        sheet, read_at = await load_sheet(services.engine, claim_id, source=f"{source.kind}/{source.id}")
    except NoSheet as none:
        chinese, _, english = str(none).partition("。")
        raise HttpProblem(404, english, chinese) from None
    return HTMLResponse(sheet_page(sheet, read_at))


async def quote(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """What an event that bills a claim would settle to now; nothing is booked."""
    await limits.take(source)
    raw = await read_bounded(request, EVENT_BYTES)
    check_documents(source, [SentDocument(raw, "")])
    quoted = await services.quote(raw)
    refused = quoted.get("refused")
    if refused is None:
        return _json(quoted)
    raise _problem(str(refused["reason"]), str(refused["detail"]), str(refused.get("detail_zh") or refused["detail"]))


async def _told(services: Services, source: Source, tell: _Tell, body: bytes) -> Response:
    try:
        return _json(await tell(services.engine, f"{source.kind}/{source.id}", body))
    except Refusal as refused:
        raise _problem(refused.reason, refused.detail, refused.detail_zh or refused.detail) from None


def _problem(reason: str, detail: str, detail_zh: str) -> HttpProblem:
    if reason == UNAVAILABLE or reason.startswith("too_many_"):
        return HttpProblem(503, detail, detail_zh, more={"reason": reason}, retry_after_s=2)
    return HttpProblem(_STATUSES.get(reason, 422), detail, detail_zh, more={"reason": reason})


def _json(told: Any) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")
