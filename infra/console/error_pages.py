"""Errors as pages: what happened and what to do, Chinese first, English beside it; never a trace."""

import secrets
from urllib.parse import quote

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from infra.console.authorization import session_id_of, signed_in
from infra.console.database_errors import AWAY_ERRORS, WORDS, meaning
from infra.console.errors import ConsoleError, FieldTrouble, Forbidden, NotSignedIn, TakenAlready, TriedTooOften
from infra.console.looks import PurposeAsked
from infra.console.pages import render
from infra.console.refusals import REFUSALS, UNUSABLE_INPUT
from infra.console.state import state_of
from infra.console.submissions import not_taken

log = structlog.get_logger(__name__)


def add_error_pages(app: FastAPI) -> None:
    """Let the application answer errors with pages."""
    app.add_exception_handler(ConsoleError, _console_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for refusal in REFUSALS:
        app.add_exception_handler(refusal, _refusal)
    for unusable in UNUSABLE_INPUT:
        app.add_exception_handler(unusable, _unusable)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(asyncpg.PostgresError, _database)
    for away in AWAY_ERRORS:
        app.add_exception_handler(away, _database)
    app.add_exception_handler(Exception, _fault)


def error_page(request: Request, status: int, chinese: str, english: str, **values: object) -> Response:
    """A page that says what went wrong; ``message``, or ``troubles`` with fields."""
    if not hasattr(request.state, "visitor"):
        signed_in(request)
    shown = {"message": "", "troubles": ()} | values
    return render(request, "console/error.html", status, status=status, chinese=chinese, english=english, **shown)


async def _console_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConsoleError)  # noqa: S101 - as it was registered
    if isinstance(error, NotSignedIn):
        return sign_in_first(request)
    if isinstance(error, PurposeAsked):
        return lead_to(request, error.page(request))
    if isinstance(error, TakenAlready):
        request.state.visitor.notices.append(str(error))
        return lead_to(request, error.path)
    troubles = getattr(error, "troubles", ())
    page = error_page(request, error.status, error.chinese, error.english, message=str(error), troubles=troubles)
    if isinstance(error, TriedTooOften):
        page.headers["retry-after"] = str(error.wait_s)
    return page


def sign_in_first(request: Request) -> Response:
    """Lead to the sign-in page, and back here afterwards; a part of a page is replaced as a whole."""
    there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = f"/session?next={quote(there)}" if request.method == "GET" else "/session"
    return lead_to(request, to)


def lead_to(request: Request, path: str) -> Response:
    """Lead to a page, also where a part of one was asked for: a step that was not taken."""
    not_taken(request.scope)
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as it was registered
    troubles = [
        FieldTrouble(str(each["loc"][-1]), "缺少或不可用" if each["type"] != "missing" else "未填写", each["msg"])
        for each in error.errors()
    ]
    return error_page(request, 422, "填写有误", "Input that can't be used", troubles=troubles)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as it was registered
    words = {
        404: ("没有这一页", "No such page"),
        405: ("不能这样提交", "Not to be asked in this way"),
    }
    chinese, english = words.get(error.status_code, ("请求有误", "Bad request"))
    page = error_page(request, error.status_code, chinese, english)
    page.headers.update(error.headers or {})
    return page


async def _refusal(request: Request, error: Exception) -> Response:
    return error_page(request, 409, "未能办理", "Not done", message=str(error))


async def _unusable(request: Request, error: Exception) -> Response:
    return error_page(request, 422, "文件不可用", "The file can't be used", message=str(error))


async def _database(request: Request, error: Exception) -> Response:
    """What PostgreSQL has said, or that it says nothing."""
    match meaning(error):
        case "no_right":
            return error_page(request, 403, Forbidden.chinese, Forbidden.english, message=WORDS["no_right"])
        case "no_login":
            await state_of(request).sessions.end(session_id_of(request))
            return sign_in_first(request)
        case "away":
            log.warning("database away", error=type(error).__name__)
            page = error_page(request, 503, "暂时不可用", "Not available now", message=WORDS["away"])
            page.headers["retry-after"] = "5"
            return page
    return await _fault(request, error)


async def _fault(request: Request, error: Exception) -> Response:
    """A fault of the program: the log has it under the number that the page shows."""
    number = secrets.token_hex(4)
    log.error("fault", number=number, path=request.url.path, error=type(error).__name__, exc_info=error)
    message = (
        f"程序出错，编号 {number}，请告知信息中心；账本没有因此改动。A fault of the program, number {number}: tell the "
        "information centre; the step was not booked"
    )
    return error_page(request, 500, "程序出错", "A fault of the program", message=message)
