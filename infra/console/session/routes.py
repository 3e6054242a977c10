"""``/session``: sign in by a login of the database or by the owner's one-time link, and sign out."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from infra.console.authorization import needs, open_to_all, session_id_of, signed_in
from infra.console.errors import Forbidden, TriedTooOften
from infra.console.group import PageGroup
from infra.console.pages import own_path, render
from infra.console.permissions import Permission
from infra.console.state import SESSION_COOKIES, state_of
from infra.console.visitor import LoginWithoutGroup, SignInRefused, Visitor, open_visitor

router = APIRouter()
WRONG = "登录名或密码不对。The login or its password is wrong"
NO_GROUP = (
    "这个登录不属于任何有权的角色，请联系信息中心。This login is in none of the roles that may work here: call the "
    "information centre (claims access database)"
)


@router.get("/session", dependencies=[Depends(open_to_all)])
async def session(request: Request, next: str = "/") -> Response:  # noqa: A002 - as the address has it
    """The form to sign in; who is signed in sees what the login may."""
    visitor = signed_in(request)
    if visitor is None:
        return _form(request, next)
    return render(request, "session/session.html", groups=sorted(visitor.groups), allowed=sorted(visitor.permissions))


@router.post("/session", dependencies=[Depends(open_to_all)])
async def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1_000)],
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002 - as the form has it
) -> Response:
    """Try the login at PostgreSQL; the password is kept by the session's connections alone."""
    state = state_of(request)
    login = login.strip()
    address = request.client.host if request.client is not None else ""
    async with state.throttle.turn(login, address):
        if wait_s := state.throttle.wait_s(login, address):
            raise TriedTooOften(wait_s)
        try:
            visitor = await open_visitor(state.database_url, secrets.token_urlsafe(32), (login, password))
        except SignInRefused:
            state.throttle.failed(login, address)
            return _form(request, next, 401, WRONG, login)
        except LoginWithoutGroup:
            return _form(request, next, 403, NO_GROUP, login)
        state.throttle.succeeded(login)
    return await _begin(request, visitor, next)


@router.get("/session/link/{token}", dependencies=[Depends(open_to_all)])
async def link(request: Request, token: str) -> Response:
    """Sign the owner in, once."""
    state = state_of(request)
    address = request.client.host if request.client is not None else ""
    if wait_s := state.throttle.wait_s("", address):
        raise TriedTooOften(wait_s)
    if not state.links.use(token):
        state.throttle.failed("", address)
        raise Forbidden(
            "一次性链接已用过或已过期，请重新运行 claims console。"
            "The link was used, or is too old: run claims console again"
        )
    visitor = await open_visitor(state.database_url, secrets.token_urlsafe(32))
    return await _begin(request, visitor, "/")


@router.post("/session/end")
async def sign_out(request: Request, visitor: Annotated[Visitor, needs(Permission.HOME)]) -> Response:  # noqa: ARG001
    """End the session, and its connections."""
    await state_of(request).sessions.end(session_id_of(request))
    request.state.visitor = None
    response = RedirectResponse("/session", 303)
    for secure, name in SESSION_COOKIES.items():
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")
    return response


async def _begin(request: Request, visitor: Visitor, there: str) -> Response:
    """A new session with a new secret, so that none that was known before the sign-in is ever good."""
    state = state_of(request)
    await state.sessions.end(session_id_of(request))
    secure = request.url.scheme == "https"
    response = RedirectResponse(own_path(there), 303)
    response.set_cookie(
        SESSION_COOKIES[secure],
        await state.sessions.begin(visitor),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return response


def _form(request: Request, there: str, status: int = 200, message: str = "", login: str = "") -> Response:
    return render(request, "session/sign_in.html", status, next=own_path(there), message=message, login=login)


GROUP = PageGroup(router)
