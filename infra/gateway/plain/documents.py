"""The three ways of CloudEvents 1.0 to put events into a request: structured, binary, batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
import orjson

from infra.gateway.plain.problems import HttpProblem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PREFIX = "ce-"
MOST_EVENTS = 500
"""In a batch."""
MOST_BYTES = 4_000_000
"""Of a request."""


@dataclass(frozen=True, slots=True)
class SentDocument:
    """One event as it stands in a request: its JSON in structured mode, and the JSON pointer to it."""

    raw: bytes
    pointer: str


def documents_of(headers: Mapping[str, str], body: bytes) -> list[SentDocument]:
    """The events of a request, in their order. Raises ``HttpProblem``."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().casefold()
    if media_type == STRUCTURED:
        return [SentDocument(body, "")]
    if media_type == BATCH:
        return _batch(body)
    if any(name.casefold().startswith(PREFIX) for name in headers):
        return [_binary(headers, body)]
    raise HttpProblem(
        415,
        f"Content-Type must be {STRUCTURED} or {BATCH}, or the attributes stand in headers ce-…",
        f"Content-Type 须为 {STRUCTURED} 或 {BATCH}，或以 ce- 开头的请求头写明事件属性",
    )


def _batch(body: bytes) -> list[SentDocument]:
    try:
        events = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise HttpProblem(400, "a batch is a JSON array of events", "批量须为由事件组成的 JSON 数组") from None
    if not 1 <= len(events) <= MOST_EVENTS:
        raise HttpProblem(
            413 if events else 422,
            f"a batch has 1 to {MOST_EVENTS} events, not {len(events)}",
            f"一批有 1 至 {MOST_EVENTS} 个事件，不能为 {len(events)} 个",
        )
    return [SentDocument(bytes(raw), f"/{place}") for place, raw in enumerate(events)]


def _binary(headers: Mapping[str, str], body: bytes) -> SentDocument:
    """The event as structured mode has it: its data stand in it byte by byte, so that no number is written anew."""
    try:
        if not isinstance(orjson.loads(body), dict):
            raise ValueError
    except ValueError:
        raise HttpProblem(400, "data must be a JSON object", "data 须为 JSON 对象") from None
    attributes = {
        name.casefold().removeprefix(PREFIX): unquote(value)
        for name, value in headers.items()
        if name.casefold().startswith(PREFIX)
    }
    if "content-type" in headers:
        attributes["datacontenttype"] = headers["content-type"]
    attributes.pop("data", None)
    try:
        envelope = orjson.dumps(attributes)
    except (TypeError, ValueError):  # half of a surrogate pair
        raise HttpProblem(400, "a header ce-… is no text", "ce- 请求头不是文本") from None
    return SentDocument(envelope[:-1] + b',"data":' + body + b"}", "")
