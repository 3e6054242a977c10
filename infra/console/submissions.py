"""A form that was sent twice (two clicks, a page that is loaded again) takes its step once."""

import asyncio
import secrets
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.console.errors import TakenAlready

if TYPE_CHECKING:
    from infra.console.visitor import Visitor

SUBMISSION_FIELD = "submission"
"""The field of a form that holds its number."""
MOST_REMEMBERED = 200
"""Forms of a session whose steps are remembered; the oldest is forgotten first."""
_LONGEST = 64
_SEE_OTHER = 303
_BEGUN = "submission"


def submission_number() -> str:
    """A number for a form that is shown now."""
    return secrets.token_urlsafe(9)


class Submissions:
    """The forms that a session has sent, each with the page to which its step led."""

    def __init__(self) -> None:
        self._led: dict[str, asyncio.Future[str | None]] = {}

    async def begin(self, number: str) -> str | None:
        """Where the step of this form led, once it has ended; None where it is to be taken now.

        Whoever is told None says ``end`` in any case.
        """
        while (earlier := self._led.get(number)) is not None:
            led = await asyncio.shield(earlier)
            if led is not None:
                return led
        self._forget_old()
        self._led[number] = asyncio.get_running_loop().create_future()
        return None

    def end(self, number: str, led: str | None) -> None:
        """Say where the step led; None where it was not taken, so that the form may be sent again."""
        begun = self._led.get(number)
        if begun is None or begun.done():
            return
        if led is None:
            del self._led[number]
        begun.set_result(led)

    def _forget_old(self) -> None:
        ended = [number for number, led in self._led.items() if led.done()]
        for number in ended[: max(0, len(self._led) + 1 - MOST_REMEMBERED)]:
            del self._led[number]


async def take_once(request: Request, visitor: "Visitor") -> None:
    """Let a form through that was not sent before. Raises ``TakenAlready`` where its step was taken.

    Of two that come at once the second waits. A form without a number is none of our pages'.
    """
    form = await request.form()
    number = str(form.get(SUBMISSION_FIELD, ""))[:_LONGEST]
    if not number:
        return
    led = await visitor.submissions.begin(number)
    if led is not None:
        raise TakenAlready(led)
    request.scope["state"][_BEGUN] = (visitor.submissions, number)


def not_taken(scope: Scope) -> None:
    """The step of a request's form was not taken: it may be sent again."""
    submissions, number = scope["state"].get(_BEGUN, (None, ""))
    if submissions is not None:
        submissions.end(number, None)


class TakenOnce:
    """Remembers where forms led: an answer that leads on has taken its step, every other may be asked for again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _SEE_OTHER:
                submissions, number = scope["state"].get(_BEGUN, (None, ""))
                if submissions is not None:
                    submissions.end(number, Headers(raw=message["headers"]).get("location"))
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            if scope["type"] == "http":
                not_taken(scope)
