"""The ASGI application: the national interface on any path."""

import asyncio

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from infra.gateway.national.envelope import LONGEST_BYTES
from infra.gateway.national.file_reply import FileContent
from infra.gateway.national.frame import NationalDoor
from infra.gateway.services import Services

PLAIN = "/v1/"
"""Begins the paths of plain HTTP; every other path is the national interface's."""
BODY_WITHIN_S = 30.0
"""How long a request may take to arrive: 10 MB at 3 Mbit/s."""
_HEARD_OUT = 4
"""How many times the bound of a request is read and thrown away: who still sends does not read the answer."""


def gateway(services: Services) -> FastAPI:
    """The application over services that run."""
    app = FastAPI(title="claims gateway", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    door = NationalDoor(services)

    async def national(request: Request) -> Response:
        if request.url.path.startswith(PLAIN):
            return JSONResponse({"detail": "没有此路径 there is no such path"}, status_code=404)
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                raw = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except TimeoutError:
            return Response(status_code=408, headers={"connection": "close"})
        address = request.client.host if request.client else "127.0.0.1"
        answer = await door.answer(raw, address, request.headers)
        if isinstance(answer, FileContent):
            return Response(answer.content, media_type="application/octet-stream")
        return Response(answer, media_type="application/json;charset=UTF-8")

    app.add_route("/{path:path}", national, methods=["POST"])
    return app


async def _body(request: Request) -> bytes:
    """What was sent, or a byte more than the bound where it was more."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        if size <= LONGEST_BYTES:
            parts.append(part)
        size += len(part)
        if size > _HEARD_OUT * LONGEST_BYTES:
            break
    return b"".join(parts)[: LONGEST_BYTES + 1]
