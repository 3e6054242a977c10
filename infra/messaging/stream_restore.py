"""What happens to the streams when an older database takes the place of a newer one.

RUNS is dropped: what travels in it belongs to the ledger that was replaced, and open runs are made anew from the
database. INTAKE stays: what it holds beyond the restored position is taken again, and the ledger knows what it has.
PAYOUTS stays too, as it says what payers were told of this ledger. Both of another ledger are dropped.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace

import orjson
from nats.aio.client import Client
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import entries
from infra.messaging.streams import INTAKE
from processors.backup.retention import begin_era, intake_position, move_intake
from processors.delivery.names import INTAKE_CONSUMER, PAYOUTS, RUNS
from processors.pipeline.recovery import move_runs_behind


@dataclass(frozen=True, slots=True)
class IntakeBeyondBackup:
    """What stands in INTAKE beyond the restored position.

    ``again`` counts the events that are taken again; ``lost`` is the range of places in INTAKE whose events neither
    the restored ledger nor INTAKE has. ``missing`` says that there was no INTAKE; ``foreign`` that it was another
    ledger's and is dropped, and ``dropped`` is the range of places in it that the replaced ledger had not taken.
    """

    taken: int
    again: int
    lost: tuple[int, int] | None
    missing: bool = False
    foreign: bool = False
    dropped: tuple[int, int] | None = None

    @property
    def sources_send_again(self) -> bool:
        """Whether events that were sent since the backup may be gone."""
        return self.lost is not None or self.missing or self.foreign


class Streams:
    """The streams beside a database that is restored."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream()

    async def before_the_swap(self, engine: AsyncEngine, taken_before: int) -> IntakeBeyondBackup:
        """Fit a restored database, not in place yet, to the streams; drop RUNS, which any database does without.

        ``taken_before`` is how far the database to be replaced has taken INTAKE.
        """
        intake, runs = await self._look(INTAKE), await self._look(RUNS)
        async with engine.begin() as connection:
            taken = await intake_position(connection)
            foreign = intake is not None and await self._is_foreign(connection, intake, taken)
            beyond_backup = _intake_beyond_backup(intake, taken, taken_before, foreign=foreign)
            if beyond_backup.lost is not None and not beyond_backup.missing and not foreign:
                await move_intake(connection, beyond_backup.lost[1])
            if runs is not None:
                await move_runs_behind(connection, runs.state.last_seq)
            await begin_era(connection)
        if runs is not None:
            await self._js.delete_stream(RUNS)
        with suppress(NotFoundError):  # it tells how far the replaced ledger was: beyond this one
            await self._js.delete_consumer(INTAKE, f"{INTAKE_CONSUMER}-0")
        return beyond_backup

    async def after_the_swap(self, beyond_backup: IntakeBeyondBackup, taken_before: int) -> IntakeBeyondBackup:
        """Drop another ledger's INTAKE and PAYOUTS; returns ``beyond_backup`` with what INTAKE held then."""
        if beyond_backup.foreign:
            intake = await self._look(INTAKE)
            if intake is not None:
                beyond_backup = replace(beyond_backup, dropped=_untaken(intake, taken_before))
                await self._js.delete_stream(INTAKE)
            with suppress(NotFoundError):  # it says how far that one's journals are told, which are named like ours
                await self._js.delete_stream(PAYOUTS)
        return beyond_backup

    async def _is_foreign(self, connection: AsyncConnection, intake: StreamInfo, taken: int) -> bool:
        """Whether INTAKE ends before the restored position, or holds another event where the ledger took one."""
        if intake.state.last_seq < taken:
            return True
        held = entries.c.stream_seq.between(intake.state.first_seq, taken)
        last = (
            await connection.execute(
                select(entries.c.stream_seq, entries.c.raw, entries.c.data)
                .where(held, entries.c.raw.is_not(None))
                .order_by(entries.c.stream_seq.desc())
                .limit(1)
            )
        ).one_or_none()
        if last is None:
            return False
        try:
            message = await self._js.get_msg(INTAKE, last.stream_seq)
        except NotFoundError:
            return False
        sent = message.data or b""
        whole = orjson.loads(last.data).get("sha256")  # of a refused event that is not kept whole
        return bool(hashlib.sha256(sent).hexdigest() != whole) if whole else sent != bytes(last.raw)

    async def _look(self, name: str) -> StreamInfo | None:
        try:
            return await self._js.stream_info(name)
        except NotFoundError:
            return None


def _intake_beyond_backup(
    intake: StreamInfo | None, taken: int, taken_before: int, *, foreign: bool
) -> IntakeBeyondBackup:
    if intake is None or foreign:
        lost = (taken + 1, taken_before) if taken_before > taken else None
        dropped = None if intake is None else _untaken(intake, taken_before)
        return IntakeBeyondBackup(taken, 0, lost, missing=intake is None, foreign=foreign, dropped=dropped)
    first, last = intake.state.first_seq, intake.state.last_seq
    lost = (taken + 1, first - 1) if first > taken + 1 else None
    return IntakeBeyondBackup(taken, last - max(first, taken + 1) + 1, lost)


def _untaken(intake: StreamInfo, taken_before: int) -> tuple[int, int] | None:
    first, last = max(intake.state.first_seq, taken_before + 1), intake.state.last_seq
    return (first, last) if first <= last and intake.state.messages else None
