"""The ASGI application: plain HTTP below /v1, the national interface on any other path."""

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from infra.gateway.bodies import BodyStalled, read_body
from infra.gateway.national.envelope import LONGEST_BYTES
from infra.gateway.national.file_reply import FileContent
from infra.gateway.national.frame import NationalDoor
from infra.gateway.plain.application import plain_http
from infra.gateway.services import Services

PLAIN = "/v1"


def gateway(services: Services) -> Starlette:
    """The application over services that run."""
    door = NationalDoor(services)

    async def national(request: Request) -> Response:
        try:
            raw = await read_body(request, LONGEST_BYTES)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except BodyStalled:
            return Response(status_code=408, headers={"connection": "close"})
        address = request.client.host if request.client else "127.0.0.1"
        answer = await door.answer(raw, address, request.headers)
        if isinstance(answer, FileContent):
            return Response(answer.content, media_type="application/octet-stream")
        return Response(answer, media_type="application/json;charset=UTF-8")

    # FastAPI's own layers around each call do nothing for the national interface
    app = Starlette(routes=[Mount(PLAIN, plain_http(services)), Route("/{path:path}", national, methods=["POST"])])
    app.router.redirect_slashes = False
    return app
