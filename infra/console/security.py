"""What every request must show and every response carries: host, origin, token of the session, headers."""

import hmac
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.console.errors import BadRequest, FieldTrouble, Forbidden, NotFound, PayloadTooLarge, Unprocessable
from infra.console.visitor import Visitor

TOKEN_FIELD = "csrf"  # noqa: S105 - a field's name
TOKEN_HEADER = "x-csrf-token"  # noqa: S105 - a header's name
MOST_BYTES = 64 * 1024 * 1024
"""How large a request may be: a county's list has some megabytes."""
FORM_BYTES = 1024 * 1024
"""How large a form without files may be: it is read in one piece, by the loop that answers everybody."""
SIGN_IN = "/session"
"""Where somebody who is not signed in may send a form to."""
_FILES = "multipart/form-data"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` of requests that a page of ours, or the person at the browser, has made."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""On every response, whatever it is."""


class Guard:
    """Lets in what is asked of our host names by our own pages, and puts ``HEADERS`` on each response.

    A page is never kept by a cache: it shows what one login may see. A response that says otherwise is left alone.
    The body of a request that is refused, or that comes from nobody who is signed in, is not read: routes would read
    it, and keep its files on the disk, before they ask who sends it.
    """

    def __init__(self, app: ASGIApp, host_names: frozenset[str], signed_in: Callable[[Scope], bool]) -> None:
        self._app = app
        self._host_names = host_names
        self._signed_in = signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        trouble = self._trouble(scope)
        scope.setdefault("state", {})["trouble"] = trouble
        if trouble is not None or (
            scope["method"] not in _SAFE and scope["path"] != SIGN_IN and not self._signed_in(scope)
        ):
            scope, receive = _without_body(scope), _nothing
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            if not started:  # else it was told and logged as a fault: who serves would log it again
                raise

    def _trouble(self, scope: Scope) -> Exception | None:
        """Why a request is refused before it is looked at; raised by ``check_request``, which shows it as a page."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if (urlsplit(f"//{host}").hostname or "") not in self._host_names:
            return BadRequest("地址中的主机名不是本系统的。This host name is not the console's")
        if "\0" in scope["path"]:  # no id has it, and no text of the database
            return NotFound("没有这一页。There is no such page")
        if b"%00" in scope["query_string"]:
            return Unprocessable(FieldTrouble("网址参数", "含有不可用的字符", "characters that can't be used"))
        length, files = headers.get("content-length", "0"), headers.get("content-type", "").startswith(_FILES)
        most = MOST_BYTES if files and scope["path"] != SIGN_IN else FORM_BYTES
        if not length.isdecimal() or int(length) > most:
            return PayloadTooLarge(f"内容过大，最多 {most // 2**20} MB。The request is too large")
        if "transfer-encoding" in headers:  # no browser sends a form without its length
            return PayloadTooLarge("请求未说明长度。The request does not say how long it is")
        if scope["method"] not in _SAFE:
            origin, site = headers.get("origin"), headers.get("sec-fetch-site")
            if origin is not None and urlsplit(origin).netloc != host:
                return Forbidden("请求不是本系统的页面发出的。The request comes from a page that is not ours")
            if site is not None and site not in _OURS:
                return Forbidden("请求不是本系统的页面发出的。The request comes from a page that is not ours")
        return None


def _without_body(scope: Scope) -> Scope:
    told = (b"content-type", b"content-length", b"transfer-encoding")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in told]}


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def check_request(request: Request) -> None:
    """Refuse what the guard found wrong."""
    trouble = request.scope["state"].get("trouble")
    if trouble is not None:
        raise trouble


async def check_token(request: Request, visitor: Visitor) -> None:
    """Refuse a request that changes something and does not carry the session's token, in a header or a field."""
    if request.method in _SAFE:
        return
    given = request.headers.get(TOKEN_HEADER)
    if given is None:
        given = str((await request.form()).get(TOKEN_FIELD, ""))
    if not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        raise Forbidden(
            "表单已失效，请重新打开页面再提交。The form is no longer good: open the page again, and send it anew"
        )
