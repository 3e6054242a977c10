"""The application of plain HTTP: each path, who may call it, and what a fault is answered with."""

from contextlib import ExitStack
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from infra.gateway.bodies import BodyStalled
from infra.gateway.plain.answers import acknowledge, answers
from infra.gateway.plain.callers import caller_of
from infra.gateway.plain.enquiries import Endpoint, enquiry, quote, sheet_of, statement_of
from infra.gateway.plain.events import take_events
from infra.gateway.plain.limits import SourceLimits
from infra.gateway.plain.openapi import openapi_json
from infra.gateway.plain.problems import TITLES, HttpProblem
from infra.gateway.services import LedgerSilent, Services
from processors.offices.refusal import StepRefused
from processors.person.entitlement import tell_entitlement
from processors.person.known_state import tell_status
from processors.reconciliation.settlement_day import tell_reconciliation

log = structlog.get_logger(__name__)
ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/events", take_events),
    ("GET", "/answers", answers),
    ("POST", "/answers/acknowledgement", acknowledge),
    ("POST", "/quote", quote),
    ("GET", "/statements/{claim_id}", statement_of),
    ("GET", "/sheets/{claim_id}", sheet_of),
    ("POST", "/status", enquiry(tell_status)),
    ("POST", "/entitlement", enquiry(tell_entitlement)),
    ("POST", "/reconcile", enquiry(tell_reconciliation)),
)
"""Method, path below /v1, and what answers."""


def plain_http(services: Services) -> FastAPI:
    """The application over services that run, to be mounted."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    limits = SourceLimits()
    app.router.routes += [
        Route(path, _Guarded(services, limits, method, endpoint)) for method, path, endpoint in ENDPOINTS
    ]
    app.add_route("/openapi.json", _document, methods=["GET"])
    app.add_exception_handler(HTTPException, _no_such_path)
    return app


@dataclass(frozen=True, slots=True)
class _Guarded:
    """An endpoint for callers that are known, every fault of which is a problem."""

    services: Services
    limits: SourceLimits
    method: str
    endpoint: Endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the call counts as one in work until its answer is sent."""
        request = Request(scope, receive)
        with ExitStack() as held:
            response = await self._answered(request, held)
            await response(scope, receive, send)

    async def _answered(self, request: Request, held: ExitStack) -> Response:
        try:
            if request.method != self.method:  # HEAD too: it would take answers that nobody reads
                raise HttpProblem(405, *TITLES[405])
            source = await caller_of(self.services, request)
            held.enter_context(self.limits.in_work(source, listens=self.endpoint is answers))
            return await self.endpoint(self.services, self.limits, source, request)
        except HttpProblem as problem:
            return problem.response({"Allow": self.method} if problem.status == 405 else None)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except BodyStalled:
            return HttpProblem(408, "send the request without pauses", "请不间断地发完请求").response(
                {"connection": "close"}
            )
        except Exception as error:
            away = isinstance(error, LedgerSilent | SQLAlchemyError | OSError | TimeoutError | StepRefused)
            told = {"path": request.url.path, "error": type(error).__name__}
            log.error("a call failed", **told, exc_info=None if away else error)
            return _failure(away=away).response()


def _failure(*, away: bool) -> HttpProblem:
    if away:
        return HttpProblem(
            503, "the ledger is away: send the same again", "账本暂时不能处理，请原样重发", retry_after_s=5
        )
    return HttpProblem(500, "the program failed: tell the bureau", "程序故障，请联系医保经办机构")


async def _document(_request: Request) -> Response:
    """What there is to call; who has no key may read it."""
    return Response(openapi_json(), media_type="application/json")


async def _no_such_path(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) and error.status_code in TITLES else 404
    headers = error.headers if isinstance(error, HTTPException) else None
    return HttpProblem(status, TITLES[status][0], TITLES[status][1]).response(headers)
