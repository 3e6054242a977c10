"""Which visitor a request comes from, and whether the route is open to that visitor."""

from typing import Any

from fastapi import Depends, Request

from infra.console.errors import Forbidden, NotSignedIn
from infra.console.permissions import Permission, holders_of
from infra.console.security import check_request, check_token
from infra.console.state import SESSION_COOKIES, state_of
from infra.console.submissions import take_once
from infra.console.visitor import Visitor


class Needs:
    """The dependency of a route: gives the visitor who is signed in, has the permission and shows the token.

    Of a form that is sent twice the second is led to where the first led.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Visitor:
        """The visitor. Raises ``NotSignedIn``, ``Forbidden``."""
        check_request(request)
        visitor = signed_in(request)
        if visitor is None:
            raise NotSignedIn("会话已结束，请登录。The session has ended: sign in")
        if not visitor.may(self.permission):
            raise Forbidden(
                f"登录 {visitor.login} 没有“{self.permission.partition(' ')[0]}”的权限；"
                f"有这项权限的角色：{holders_of(self.permission)}，由信息中心建立登录。"
                f"Login {visitor.login} has no permission for: {self.permission.partition(' ')[2]}"
            )
        await check_token(request, visitor)
        if request.method == "POST":
            await take_once(request, visitor)
        return visitor


def needs(permission: Permission) -> Any:
    """``visitor: Annotated[Visitor, needs(Permission.CLAIMS)]`` of a route."""
    return Depends(Needs(permission))


async def open_to_all(request: Request) -> None:
    """The dependency of a route that is open without signing in."""
    check_request(request)


def signed_in(request: Request) -> Visitor | None:
    """Who is signed in, if anybody; the layout of a page reads it from ``request.state``."""
    visitor = state_of(request).sessions.find(session_id_of(request))
    request.state.visitor = visitor
    return visitor


def session_id_of(request: Request) -> str | None:
    """The secret that the browser has sent."""
    return request.cookies.get(SESSION_COOKIES[request.url.scheme == "https"])
