"""``GET /v1/answers``: what a source was told, handed out until it is acknowledged; or as a stream of events."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from infra.access.sources import EVENT_BYTES, Source
from infra.gateway.bodies import disconnected
from infra.gateway.plain.answer_stream import EVENT_STREAM, PLACE_PATTERN, AnswerStream, Place
from infra.gateway.plain.callers import caller_of
from infra.gateway.plain.limits import SourceLimits
from infra.gateway.plain.mailbox import RECEIPT_PATTERN, HandedOut, HttpMailbox, UnknownReceipt
from infra.gateway.plain.problems import FieldError, HttpProblem, read_bounded
from infra.gateway.services import Services
from infra.tasks import end

MOST_ANSWERS = 500
"""Of one call, and receipts in one."""
USUAL_ANSWERS = 100
LONGEST_WAIT_S, USUAL_WAIT_S = 30, 20


class Acknowledgement(Struct, forbid_unknown_fields=True):
    """The answers that are in the source's own books by now."""

    receipts: Annotated[
        list[Annotated[str, Meta(pattern=RECEIPT_PATTERN)]], Meta(min_length=1, max_length=MOST_ANSWERS)
    ]


async def answers(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """Answers that wait, or a stream of them where the caller accepts one. Raises ``HttpProblem``, ``LedgerSilent``."""
    after = _last_event_id(request)
    if EVENT_STREAM in request.headers.get("accept", "").casefold():
        await limits.take(source)
        return AnswerStream(services, source, after, request)
    most = _number(request, "max", USUAL_ANSWERS, 1, MOST_ANSWERS)
    wait_s = _number(request, "wait", USUAL_WAIT_S, 0, LONGEST_WAIT_S)
    await limits.take(source)
    mailbox = HttpMailbox(services.ledger, source)
    taken = await _taken(services, mailbox, most, wait_s, request)
    if taken:
        await _require_still_allowed(services, mailbox, taken, request)
    told = b",".join(_told(each) for each in taken)
    return Response(b'{"answers":[' + told + b"]}", media_type="application/json")


async def acknowledge(services: Services, limits: SourceLimits, source: Source, request: Request) -> Response:
    """Hand out answers no more. Raises ``HttpProblem``, ``LedgerSilent``."""
    await limits.take(source)
    body = await read_bounded(request, EVENT_BYTES)
    try:
        asked = msgspec.json.decode(body, type=Acknowledgement)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise HttpProblem(
            422,
            f"the request can't be read: {error}",
            f'请求应为 {{"receipts": [...]}}，1 至 {MOST_ANSWERS} 个回执（{error}）',
        ) from None
    try:
        await HttpMailbox(services.ledger, source).acknowledge(asked.receipts)
    except UnknownReceipt as unknown:
        told = "no answer that was handed out has this receipt: take the answers again", "没有这个回执，请重新取应答"
        raise HttpProblem(422, *told, errors=[FieldError(f"/receipts/{unknown.place}", *told)]) from None
    return Response(msgspec.json.encode({"acknowledged": len(set(asked.receipts))}), media_type="application/json")


async def _taken(
    services: Services, mailbox: HttpMailbox, most: int, wait_s: int, request: Request
) -> Sequence[HandedOut]:
    """What is taken while the caller is there; nothing where the gateway ends meanwhile."""
    taking = asyncio.create_task(mailbox.take(most, wait_s))
    leaving = [asyncio.create_task(disconnected(request)), asyncio.create_task(services.ending.wait())]
    try:
        await asyncio.wait({taking, *leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not taking.done():
            return ()
        taken = taking.result()
        if leaving[0].done():
            await mailbox.give_back(taken)
            return ()
        return taken
    finally:
        await end([taking, *leaving])


async def _require_still_allowed(
    services: Services, mailbox: HttpMailbox, taken: Sequence[HandedOut], request: Request
) -> None:
    """Hand nothing to a key that was ended while it waited. Raises as ``caller_of`` does."""
    try:
        await caller_of(services, request)
    except BaseException:
        await mailbox.give_back(taken)
        raise


def _told(answer: HandedOut) -> bytes:
    """The event as the ledger wrote it, byte by byte."""
    return b'{"receipt":"%s","deliveries":%d,"event":%s}' % (
        *(answer.receipt.encode(), answer.deliveries, answer.event),
    )


def _number(request: Request, name: str, usual: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    raise _out_of_bounds(f"?{name}", least, most)


def _last_event_id(request: Request) -> Place:
    """The place that a stream goes on behind; none, or an empty one, is the beginning."""
    try:
        return Place.of(request.headers.get("last-event-id", "").strip())
    except ValueError:
        told = "Last-Event-ID is the id of the last event that was read", "Last-Event-ID 须为读到的最后一个事件的 id"
        expected = {"pattern": PLACE_PATTERN}
        raise HttpProblem(400, *told, errors=[FieldError("Last-Event-ID", *told, expected)]) from None


def _out_of_bounds(what: str, least: int, most: int) -> HttpProblem:
    expected: dict[str, Any] = {"minimum": least, "maximum": most}
    told = f"{what} is a whole number from {least} to {most}", f"{what} 须为 {least} 至 {most} 的整数"
    return HttpProblem(400, *told, errors=[FieldError(what, *told, expected)])
