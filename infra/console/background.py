"""Long work in the background: its progress, its end, and who may see it. A restart of the console forgets it."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.console.database_errors import DATABASE_SAYS, WORDS, meaning
from infra.console.errors import NotFound, Refused
from infra.console.permissions import Permission
from infra.console.refusals import IN_THEIR_WORDS
from infra.console.visitor import Visitor

log = structlog.get_logger(__name__)
KEPT = 20
"""How many works that have ended are remembered, with their files."""
MOST_FILE_BYTES = 256 * 1024 * 1024
"""Of the files of all that are remembered; the oldest work is forgotten first."""
WorkState = Literal["running", "done", "failed", "cancelled"]
STATE_NAMES = {"running": "进行中", "done": "已完成", "failed": "未完成", "cancelled": "已取消"}


@dataclass
class WorkProgress:
    """How far a work is; ``total`` is None where nobody knows."""

    what: str = ""
    done: int = 0
    total: int | None = None

    def add(self, what: str, count: int) -> None:
        """So many more were done; as ``verify`` and ``settle`` call it."""
        self.what = what
        self.done += count

    def set(self, done: int, total: int | None, what: str = "") -> None:
        """So many are done."""
        self.done, self.total, self.what = done, total, what or self.what


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that a work has made."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """What a work came to: a sentence (Chinese, then English), facts (Chinese, English, value), a page, a file.

    ``good`` is False where it ran to its end and found something amiss.
    """

    message: str
    facts: Sequence[tuple[str, str, object]] = ()
    path: str | None = None
    file: WorkFile | None = None
    good: bool = True


def _cancelled(by: str = "") -> WorkOutcome:
    who, english = (f"由 {by} ", f" by {by}") if by else ("", "")
    return WorkOutcome(f"{who}已取消，已经记入账本的不撤回。Cancelled{english}; what was booked stays", good=False)


Work = Callable[[AsyncEngine, WorkProgress], Awaitable[WorkOutcome]]
"""Does it, on connections of the visitor's login."""


@dataclass(eq=False)
class RunningWork:
    """A work of a login, until the console restarts; ``groups`` are the rights with which it was begun.

    ``subject`` is what it is about, for a page of its own.
    """

    id: str
    kind: str
    title: str
    login: str
    groups: frozenset[str]
    started_at: datetime
    began_s: float
    progress: WorkProgress = field(default_factory=WorkProgress)
    state: WorkState = "running"
    outcome: WorkOutcome | None = None
    ended_s: float | None = None
    task: "asyncio.Task[None] | None" = None
    subject: object = None

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return (self.ended_s or time.monotonic()) - self.began_s

    @property
    def file_bytes(self) -> int:
        """How large the file is that it has made."""
        return len(self.outcome.file.content) if self.outcome is not None and self.outcome.file is not None else 0

    def is_of(self, visitor: Visitor) -> bool:
        """Whether the visitor has begun it, and still has the rights with which its results were read."""
        return self.login == visitor.login and self.groups <= visitor.groups

    @property
    def seconds_left(self) -> float | None:
        """How long it will still run if it goes on as so far."""
        total, done = self.progress.total, self.progress.done
        if total is None or done <= 0 or self.state != "running":
            return None
        return max(0.0, self.seconds / done * (total - done))


class BackgroundWorks:
    """All works; of a kind one at a time."""

    def __init__(self) -> None:
        self._works: dict[str, RunningWork] = {}

    def start(self, visitor: Visitor, kind: str, title: str, work: Work, subject: object = None) -> RunningWork:
        """Start a work; ``title`` is Chinese, then English. Raises ``Refused`` where one of its kind runs.

        It has an engine of its own, under the visitor's login, so that signing out does not end it.
        """
        for each in self._works.values():
            if each.kind == kind and each.state == "running":
                raise Refused(
                    f"“{each.title.partition(' ')[0]}”正在进行（{each.login}），同时只能有一个，请等它结束或取消。"
                    "It is running already, one at a time: wait for its end, or cancel it"
                )
        made = RunningWork(
            secrets.token_urlsafe(12),
            kind,
            title,
            visitor.login,
            visitor.groups,
            datetime.now(COUNTY_TIME),
            time.monotonic(),
            subject=subject,
        )
        self._works[made.id] = made
        made.task = asyncio.create_task(_run(made, visitor.engine_of_its_own(), work))
        made.task.add_done_callback(lambda _: self._forget_old())
        return made

    def find(self, visitor: Visitor, work_id: str) -> RunningWork:
        """A work of the visitor's login; of any, where the visitor may step into operations. Raises ``NotFound``."""
        found = self._works.get(work_id)
        if found is None or not _may_see(visitor, found):
            raise NotFound(
                "没有这项工作，控制台重启后不再保留。There is no such work; a restart of the console forgets them"
            )
        return found

    def of(self, visitor: Visitor) -> list[RunningWork]:
        """Those that the visitor may see, the last first."""
        return [each for each in reversed(self._works.values()) if _may_see(visitor, each)]

    def running(self, kind: str) -> RunningWork | None:
        """The work of a kind that runs, if any."""
        return next((each for each in self._works.values() if each.kind == kind and each.state == "running"), None)

    async def end_all(self) -> None:
        """Cancel all that run."""
        for each in self._works.values():
            await cancel_work(each)

    def _forget_old(self) -> None:
        """Forget works that ended, the oldest first; never the last."""
        ended = [each for each in self._works.values() if each.state != "running"]
        held = sum(each.file_bytes for each in ended)
        for place, each in enumerate(ended[:-1]):
            if len(ended) - place <= KEPT and held <= MOST_FILE_BYTES:
                return
            held -= each.file_bytes
            del self._works[each.id]


async def cancel_work(work: RunningWork, by: str = "") -> None:
    """Cancel a work that runs, and wait until it has ended; ``by`` is the login that asks for it."""
    if work.task is not None and not work.task.done():
        work.task.cancel()
        with suppress(asyncio.CancelledError):
            await work.task
        if work.state == "running":  # it was cancelled before it had begun
            work.state, work.ended_s = "cancelled", time.monotonic()
        if work.state == "cancelled":
            work.outcome = _cancelled(by)


def _may_see(visitor: Visitor, work: RunningWork) -> bool:
    return work.is_of(visitor) or visitor.may(Permission.OPERATIONS_STEP)


async def _run(made: RunningWork, engine: AsyncEngine, work: Work) -> None:
    try:
        made.outcome = await work(engine, made.progress)
        made.state = "done"
    except asyncio.CancelledError:
        made.state = "cancelled"
        made.outcome = _cancelled()
        raise
    except IN_THEIR_WORDS as refusal:
        made.state, made.outcome = "failed", WorkOutcome(str(refusal), good=False)
    except Exception as error:
        if isinstance(error, DATABASE_SAYS) and (said := meaning(error)) is not None:
            log.warning("work ended by the database", work=made.kind, error=type(error).__name__, meaning=said)
            message = f"没有完成：{WORDS[said]}"
            made.state, made.outcome = "failed", WorkOutcome(message, good=False)
            return
        number = secrets.token_hex(4)
        log.error("fault", number=number, work=made.kind, error=type(error).__name__, exc_info=error)
        message = (
            f"没有完成，编号 {number}，请告知信息中心。It did not end, number {number}: tell the information centre"
        )
        made.state, made.outcome = "failed", WorkOutcome(message, good=False)
    finally:
        made.ended_s = time.monotonic()
        await engine.dispose()
