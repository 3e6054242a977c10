"""When the store of NATS is lost: what was in flight is sent again from the database."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import structs
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import LAYERS
from events.store.journal import entries, write
from events.store.rows import among
from processors.delivery.answers import ANSWERS, LEDGER
from processors.delivery.parked_runs import parked
from processors.delivery.position import all_positions, lock, move
from processors.delivery.run import Cause, Run, open_runs, runs
from processors.delivery.superseded_runs import replace_open_runs
from processors.delivery.transaction import Transaction
from processors.delivery.wire import send_runs
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.intake import CONSUMER
from processors.pipeline.layer import SETTLEMENT
from processors.pipeline.run_opening import RunOpenings
from processors.pipeline.state import load_histories
from projections.audits import audits


@dataclass(frozen=True, slots=True)
class Laid:
    """An amount that an audit laid on the hospital, and when that was recorded."""

    claim_id: str
    recorded_at: datetime


Missing = Callable[[], Awaitable[bool]]
"""Whether a stream is missing still, asked while intake's position is held."""


async def begin_intake_anew(engine: AsyncEngine, missing: Missing) -> int | None:
    """Move intake's position past where a lost INTAKE may have ended: a worker that still holds its events is fenced.

    Returns the position then; None where INTAKE is there, or nobody ever ran.
    """
    async with engine.begin() as connection:
        position = await lock(connection, CONSUMER, 0)
        positions = await all_positions(connection)
        had_run = any(consumer != CONSUMER or seq for (consumer, _), seq in positions.items())
        if not had_run or not await missing():
            return None
        await move(connection, position, position.stream_seq + 1, position.outgoing)
    return position.stream_seq + 1


async def begin_runs_anew(engine: AsyncEngine, partitions: int, missing: Missing) -> int:
    """Open one fresh run for each person, year and scheme that has open ones, from the earliest claim among them.

    Intake's next start sends them. What layers had booked for the lost runs stays; the fresh run books the difference.
    Returns how many were opened: none where RUNS is there.
    """
    async with engine.begin() as connection:
        intake = await lock(connection, CONSUMER, 0)
        if not await missing():
            return 0
        await _forget_runs_on_the_way(connection)
        key = (runs.c.person_id, runs.c.year, runs.c.scheme)
        open_ones = func.min(runs.c.first_number), func.array_agg(runs.c.opened_at)
        groups = (await connection.execute(select(*key, *open_ones).group_by(*key).order_by(*key))).all()
        state = await load_histories(connection, {group.person_id for group in groups})
        pinned = PinnedSchemes()
        schemes = await pinned.require(connection, {claim.scheme for claim in state.claims.values()})
        openings = RunOpenings(state, schemes)
        cause = Cause(intake.journal.number, LEDGER, "runs-sent-again", "recovery")
        laid = await _laid_on_hospitals(connection, state.claims)
        intake.journal.start(datetime.now(UTC))
        opened_at: defaultdict[datetime, list[Run]] = defaultdict(list)
        for person_id, year, scheme, number, opened in groups:
            claimed = {claim.claim_id for claim in state.by_person[person_id].values()}
            # the audit's own run is the one opened with it
            unbooked = {
                each.claim_id: each.recorded_at
                for each in laid
                if each.claim_id in claimed and each.recorded_at in opened
            }
            on_hospital = next(iter(unbooked)) if len(unbooked) == 1 else None
            own = structs.replace(cause, laid_on_hospital=on_hospital)
            openings.open_from(person_id, (year, scheme), number, own)
            # Lost again, it must tell the same: the moment of its one audit, of none, or none of several.
            earliest = min(opened) if not unbooked else intake.journal.recorded_at
            since = unbooked[on_hospital] if on_hospital is not None else earliest
            opened_at[since].append(openings.runs[-1])
        transaction = Transaction(connection, intake.journal, f"recovery-{intake.journal.recorded_at.isoformat()}")
        await replace_open_runs(connection, openings.runs)
        await connection.execute(delete(runs))
        await connection.execute(delete(parked))  # the fresh runs cover them
        for since, fresh in opened_at.items():
            open_runs(transaction.writes, fresh, since)
        state.save(transaction.writes)
        send_runs(transaction, CONSUMER, [("basic", run) for run in openings.runs], partitions)
        await transaction.writes.one_by_one(connection)
        await write(connection, intake.journal)
        unsent = [message for message in intake.outgoing if message.stream == ANSWERS]
        await move(connection, intake, intake.stream_seq, [*unsent, *transaction.outgoing])
    return len(openings.runs)


async def move_runs_behind(connection: AsyncConnection, last_seq: int) -> None:
    """Let the next RUNS begin behind a place: what was sent up to there, and what came of it, is another ledger's."""
    for consumer, partition in await _readers_of_runs(connection):
        position = await lock(connection, consumer, partition)
        await move(connection, position, max(position.stream_seq, last_seq), position.outgoing)


async def _readers_of_runs(connection: AsyncConnection) -> dict[tuple[str, int], int]:
    """The last message taken by each lane that reads RUNS, in the order in which they are locked."""
    readers = (*LAYERS, SETTLEMENT)
    return {lane: seq for lane, seq in sorted((await all_positions(connection)).items()) if lane[0] in readers}


async def _laid_on_hospitals(connection: AsyncConnection, claim_ids: Collection[str]) -> list[Laid]:
    """What audits laid on the hospital, of some claims."""
    rows = await connection.execute(
        select(audits.c.claim_id, entries.c.recorded_at)
        .join(entries, (entries.c.journal == CONSUMER) & (entries.c.number == audits.c.number))
        .where(audits.c.borne_by == "hospital", among(audits.c.claim_id, claim_ids))
    )
    return [Laid(*row) for row in rows]


async def _forget_runs_on_the_way(connection: AsyncConnection) -> None:
    """Drop the runs that layers were to send, and move every position to one place behind them all.

    A layer's last runs may have been taken and booked by the next one before the store was lost: sent again, they
    would be booked twice. And a worker that still holds a batch from the lost store is fenced.
    """
    layers = await _readers_of_runs(connection)
    behind = max(layers.values(), default=0) + 1
    for consumer, partition in layers:
        position = await lock(connection, consumer, partition)
        unsent = [message for message in position.outgoing if message.stream == ANSWERS]
        await move(connection, position, behind, unsent)
