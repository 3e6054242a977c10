"""What happens to the streams when an older database takes the place of a newer one.

RUNS is dropped: what travels in it belongs to the ledger that was replaced, and open runs are made anew from the
database. INTAKE stays: what it holds beyond the restored position is taken again, and the ledger knows what it has.
"""

import asyncio
from dataclasses import dataclass

from nats.aio.client import Client
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.streams import INTAKE
from processors.answers import ANSWERS
from processors.backups import intake_position, move_intake
from processors.recovery import move_runs_behind
from processors.runs import RUNS

FORGETTING_S = 0.1


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What stands in INTAKE beyond the restored position.

    ``again`` counts the events that are taken again; ``lost`` is the range of places in INTAKE whose events neither
    the restored ledger nor INTAKE has: their sources must send again. ``foreign`` says that INTAKE ended before the
    restored position: it is another ledger's, and is dropped.
    """

    taken: int
    again: int
    lost: tuple[int, int] | None
    foreign: bool


class Streams:
    """The streams beside a database that is restored."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream()

    async def before_the_swap(self, engine: AsyncEngine, taken_before: int) -> Aftermath:
        """Fit a restored database, not in place yet, to the streams; drop RUNS, which any database does without.

        ``taken_before`` is how far the database to be replaced has taken INTAKE.
        """
        intake, runs = await self._look(INTAKE), await self._look(RUNS)
        async with engine.begin() as connection:
            taken = await intake_position(connection)
            aftermath = _aftermath(intake, taken, taken_before)
            if aftermath.lost is not None and not aftermath.foreign:
                await move_intake(connection, aftermath.lost[1])
            if runs is not None:
                await move_runs_behind(connection, runs.state.last_seq)
        if runs is not None:
            await self._js.delete_stream(RUNS)
        return aftermath

    async def after_the_swap(self, aftermath: Aftermath) -> None:
        """Drop another ledger's INTAKE, and let ANSWERS forget the message ids that will be given anew."""
        if aftermath.foreign:
            await self._js.delete_stream(INTAKE)
        answers = await self._look(ANSWERS)
        if answers is not None:
            window = answers.config.duplicate_window
            for seconds in (FORGETTING_S, window):
                answers.config.duplicate_window = seconds
                await self._js.update_stream(answers.config)
                await asyncio.sleep(2 * FORGETTING_S)

    async def _look(self, name: str) -> StreamInfo | None:
        try:
            return await self._js.stream_info(name)
        except NotFoundError:
            return None


def _aftermath(intake: StreamInfo | None, taken: int, taken_before: int) -> Aftermath:
    if intake is None:
        return Aftermath(taken, 0, None, foreign=False)
    first, last = intake.state.first_seq, intake.state.last_seq
    if last < taken:
        untaken = (max(first, taken_before + 1), last)
        return Aftermath(taken, 0, untaken if untaken[0] <= last and intake.state.messages else None, foreign=True)
    lost = (taken + 1, first - 1) if first > taken + 1 else None
    return Aftermath(taken, last - max(first, taken + 1) + 1, lost, foreign=False)
