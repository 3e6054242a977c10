"""``crash``, with the arguments CONSUMER POINT NTH kill|stop COMMAND…: the real program, ended at one point.

The worker goes on as it is until one of its consumer's batches, the nth or the first behind it that has something to
send, reaches the point; there the process kills itself (SIGKILL: nothing of it runs any more) or stops (SIGSTOP). Only
public seams are wrapped, from outside.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from asyncpg.transaction import Transaction
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.writes import Writes
from infra.cli import main
from infra.messaging.sender import Sender
from infra.worker.lane import Lane
from processors.pipeline.intake import Intake
from processors.pipeline.layer import Layer
from processors.pipeline.settlement import Settlement

POINTS = ("read", "decided", "written", "committed", "half_sent", "sent", "acknowledged")
"""Before the transaction; before its rows are written; before the commit; before the sending; behind its first
message; before the acknowledgement; behind it."""
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_in_the_batch: ContextVar[bool] = ContextVar("in_the_batch", default=False)


@dataclass
class Fate:
    """Which consumer dies, at which point of which of its batches at the earliest, and how."""

    consumer: str
    point: str
    nth: int
    how: str
    batches: int = 0
    met: bool = False

    def __post_init__(self) -> None:
        if self.point not in POINTS or self.how not in SIGNALS:
            raise ValueError(f"{self.point} {self.how}: points are {POINTS}, ends are {tuple(SIGNALS)}")

    def reach(self, point: str) -> None:
        """Die here, if this is the point of the batch."""
        if point == self.point and _in_the_batch.get() and not self.met:
            self.met = True
            os.kill(os.getpid(), SIGNALS[self.how])


def wrap_lane(fate: Fate) -> None:
    """The batch as a whole: what it hands over, what it decides, what it sends, what it acknowledges."""
    take, send = Lane.take, Sender.send

    @wraps(take)
    async def dying_take(self: Lane, messages: Sequence[Msg]) -> None:
        if self.handler.consumer == fate.consumer:
            fate.batches += 1
            _in_the_batch.set(fate.batches >= fate.nth)
        fate.reach("read")
        await take(self, messages)
        fate.reach("acknowledged")
        _in_the_batch.set(False)

    @wraps(send)
    async def dying_send(self: Sender, messages: Sequence[Any]) -> None:
        fate.reach("committed")
        await send(self, messages)
        fate.reach("sent")

    Lane.take, Sender.send = dying_take, dying_send  # type: ignore[method-assign] # the real program, ended from outside
    for handler in (Intake, Layer, Settlement):
        setattr(handler, "handle", after(handler.handle, fate, "decided"))  # noqa: B010 - each takes another self


def wrap_servers(fate: Fate) -> None:
    """What goes to the servers: the commit, or the one statement of a few rows, and the first message sent."""

    commit, write = Transaction.commit, Writes.at_once

    @wraps(commit)
    async def dying_commit(self: Transaction) -> None:
        fate.reach("written")
        await commit(self)

    @wraps(write)
    async def dying_write(self: Writes, connection: AsyncConnection, guard: str, guarded: Sequence[Any]) -> list[Any]:
        fate.reach("written")
        return await write(self, connection, guard, guarded)

    Transaction.commit, Writes.at_once = dying_commit, dying_write  # type: ignore[method-assign] # the real program, ended from outside

    def sends(subject: str) -> bool:
        return subject.startswith("claims.")

    for name in ("request", "publish"):
        setattr(Client, name, after(getattr(Client, name), fate, "half_sent", sends))


def after(
    call: Callable[..., Awaitable[Any]], fate: Fate, point: str, counts: Callable[[str], bool] = lambda _: True
) -> Callable[..., Awaitable[Any]]:
    """A call that reaches a point at its end, if its first argument counts."""

    @wraps(call)
    async def dying(self: Any, first: Any, *rest: Any, **named: Any) -> Any:
        result = await call(self, first, *rest, **named)
        if counts(first):
            fate.reach(point)
        return result

    return dying


def crash() -> None:
    """Run the program with the arguments behind the fate."""
    consumer, point, nth, how, *command = sys.argv[1:]
    fate = Fate(consumer, point, int(nth), how)
    wrap_lane(fate)
    wrap_servers(fate)
    sys.argv[1:] = command
    main()
