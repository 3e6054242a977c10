"""``POST /v1/events``: events are checked whole, sent as the caller's own user of NATS, and told where they stand."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from infra.access.sources import Source
from infra.gateway.plain.documents import MOST_BYTES, SentDocument, documents_of
from infra.gateway.plain.event_checks import check_documents
from infra.gateway.plain.limits import SourceLimits
from infra.gateway.plain.problems import HttpProblem, read_bounded
from infra.gateway.services import Services
from infra.messaging.streams import INTAKE

SENT_WITHIN_S = 15.0
"""How long all events of a request may take to be acknowledged."""


async def take_events(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """Send the events of a request. Raises ``HttpProblem``, ``ClientDisconnect``."""
    documents = documents_of(request.headers, await read_bounded(request, MOST_BYTES))
    await limits.take(source, len(documents))
    check_documents(source, documents)
    return Response(
        orjson.dumps({"accepted": await _sent(services, source, documents)}), 202, media_type="application/json"
    )


async def _sent(services: Services, source: Source, documents: Sequence[SentDocument]) -> list[Mapping[str, Any]]:
    """Where each event stands: one by one, so that it is known which are there when one fails."""
    accepted: list[Mapping[str, Any]] = []
    try:
        async with asyncio.timeout(SENT_WITHIN_S):
            for document in documents:
                sequence = await services.publish(source, document.raw)
                event_id = orjson.loads(document.raw)["id"]
                accepted.append({"id": event_id, "stream": INTAKE, "sequence": sequence})
    except TimeoutError:
        raise HttpProblem(
            503,
            f"{len(accepted)} of {len(documents)} events were acknowledged: send the same request again",
            f"{len(documents)} 个事件中已确认 {len(accepted)} 个：请原样重发",
            more={"accepted": accepted},
            retry_after_s=5,
        ) from None
    return accepted
