"""The application: its routes, its errors as pages, and what it holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.types import Scope

from infra.console.authorization import open_to_all, session_id_of
from infra.console.error_pages import add_error_pages
from infra.console.errors import NotFound
from infra.console.group import page_groups
from infra.console.pages import console_templates
from infra.console.security import Guard
from infra.console.sessions import IDLE_S
from infra.console.state import ConsoleState, state_of
from infra.console.static_files import FOR_EVER, StaticTexts
from infra.console.submissions import TakenOnce
from infra.http.address import LOOPBACK
from infra.postgres.engine import connect
from infra.settings import Settings
from processors.law.terms import learn_terms

log = structlog.get_logger(__name__)
UPKEEP_S = 30.0
"""How often sessions are looked over, terms learnt that were adopted meanwhile, and the upkeep of groups done."""


def console_state(database_url: str, nats_url: str, settings: Settings) -> ConsoleState:
    """What a console over a ledger holds; ``state.engine`` is to be disposed when it ends."""
    groups = page_groups()
    templates = console_templates(list(groups))
    engine = connect(database_url, parallel=False)
    return ConsoleState(database_url, nats_url, settings, engine, groups, templates, StaticTexts(templates))


def console(state: ConsoleState, host_names: frozenset[str] = LOOPBACK) -> Guard:
    """The ASGI application; it answers requests for ``host_names`` alone."""

    def is_signed_in(scope: Scope) -> bool:
        return state.sessions.find(session_id_of(Request(scope))) is not None

    return Guard(TakenOnce(routes(state)), host_names, is_signed_in)


def routes(state: ConsoleState) -> FastAPI:
    """The application behind its guard."""
    app = FastAPI(
        title="claims console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.console = state
    app.get("/static/{name}", dependencies=[Depends(open_to_all)])(_static)
    for group in state.groups.values():
        app.include_router(group.router)
    add_error_pages(app)
    return app


async def _static(request: Request, name: str, v: str = "") -> Response:
    """A style sheet or a script; one asked for by its version stays good for ever."""
    found = state_of(request).static.get(name)
    if found is None:
        raise NotFound(f"没有文件 {name}。There is no file {name}")
    headers = {"etag": f'"{found.version}"', "cache-control": FOR_EVER if v == found.version else "no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: ConsoleState = app.state.console
    upkeep = asyncio.create_task(_upkeep(state))
    try:
        yield
    finally:
        upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await upkeep
        await state.works.end_all()
        await state.sessions.end_all()
        await state.engine.dispose()


async def _upkeep(state: ConsoleState) -> None:
    """End sessions that are idle, learn what the ledger calls things now, and let groups do theirs."""
    while True:
        try:
            async with state.engine.connect() as connection:
                await learn_terms(connection)
                await state.codes.refresh(connection)
            state.static.refresh()
        except (DBAPIError, OSError) as error:
            log.warning("terms not learnt", error=type(error).__name__)
        await asyncio.sleep(min(UPKEEP_S, IDLE_S))
        await state.sessions.end_idle()
        for name, group in state.groups.items():
            if group.upkeep is not None:
                await _upkeep_of(name, group.upkeep(state))


async def _upkeep_of(group: str, upkeep: Awaitable[None]) -> None:
    try:
        await upkeep
    except Exception as error:  # noqa: BLE001 - who opens the page is told; sessions end all the same
        log.warning("upkeep of pages not done", group=group, error=type(error).__name__)
