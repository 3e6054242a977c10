"""Recovery when the store of NATS is lost: what was in flight is sent again from the database."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalog import ITSELF
from events.store.journal import database_time, entries, write
from events.store.rows import among
from policies.claim import Claim
from processors.delivery.names import ANSWERS, INTAKE_CONSUMER, INTAKE_JOURNAL, SETTLEMENT_CONSUMER
from processors.delivery.parked_runs import parked
from processors.delivery.position import all_positions, lock_position, write_position
from processors.delivery.run import Cause, Run, open_runs, runs, send_runs
from processors.delivery.superseded_runs import supersede_open_runs
from processors.delivery.transaction import Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.law.terms import ledger_layers
from processors.pipeline.run_opening import RunOpener
from processors.pipeline.state import load_histories
from projections.audits import facts_on_hospitals

CORRECTED = "claim.corrected.v1"

Missing = Callable[[], Awaitable[bool]]
"""Whether a stream is still missing. It is asked while intake's position is locked."""


@dataclass(frozen=True, slots=True)
class OwnFact:
    """What settles a claim again with its hospital or payee: an audit laid on the hospital, its withdrawal, or a
    correction."""

    claim_id: str
    recorded_at: datetime
    corrects: bool


async def begin_intake_anew(engine: AsyncEngine, missing: Missing) -> int | None:
    """Move intake's position behind the place where a lost INTAKE may have ended.

    A worker that still holds events of the lost stream is fenced by that. Returns the new position; None where INTAKE
    is there, or where no consumer ever ran.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, INTAKE_CONSUMER, 0)
        positions = await all_positions(connection)
        had_run = any(consumer != INTAKE_CONSUMER or seq for (consumer, _), seq in positions.items())
        if not had_run or not await missing():
            return None
        await write_position(connection, position, position.stream_seq + 1, position.outgoing)
    return position.stream_seq + 1


async def begin_runs_anew(engine: AsyncEngine, partitions: int, missing: Missing) -> int:
    """Open one fresh run for each person, year and scheme that has open runs, from the earliest claim among them.

    Intake sends the fresh runs at its next start. What layers booked for the lost runs stays; a fresh run books the
    difference. Returns how many runs were opened: none where RUNS is there.
    """
    async with engine.begin() as connection:
        intake = await lock_position(connection, INTAKE_CONSUMER, 0)
        if not await missing():
            return 0
        await _discard_runs_under_way(connection)
        intake.journal.start(await database_time(connection))
        state = await load_histories(connection, set((await connection.execute(select(runs.c.person_id))).scalars()))
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        await pinned.require(connection, {claim.scheme for claim in state.claims.values()})
        opener = RunOpener(state, pinned)
        opened_at: defaultdict[datetime, list[Run]] = defaultdict(list)
        recorded = await _own_facts(connection, state.claims.values())
        for group in await _open_groups(connection):
            claimed = {claim.claim_id for claim in state.by_person[group.person_id].values()}
            # the fact's own run was opened when the fact was recorded
            unbooked = {
                each.claim_id: each
                for each in recorded
                if each.claim_id in claimed and each.recorded_at in group.opened_at
            }
            cause = Cause(intake.journal.number, ITSELF, "runs-sent-again", "recovery", *_laid_on(unbooked.values()))
            opener.open_from(group.person_id, (group.year, group.scheme), group.first_number, cause)
            opened_at[_open_since(group, unbooked, intake.journal.recorded_at)].append(opener.runs[-1])
        transaction = Transaction(connection, intake.journal, f"recovery-{intake.journal.recorded_at.isoformat()}")
        await supersede_open_runs(connection, opener.runs)
        await connection.execute(delete(runs))
        await connection.execute(delete(parked))  # the fresh runs cover them
        for since, fresh in opened_at.items():
            open_runs(transaction.writes, fresh, since)
        state.save(transaction.writes)
        send_runs(transaction, INTAKE_CONSUMER, [("basic", run) for run in opener.runs], partitions)
        await transaction.writes.one_by_one(connection)
        await write(connection, intake.journal)
        unsent = [message for message in intake.outgoing if message.stream == ANSWERS]
        await write_position(connection, intake, intake.stream_seq, [*unsent, *transaction.outgoing])
    return len(opener.runs)


async def move_runs_behind(connection: AsyncConnection, last_seq: int) -> None:
    """Let the next RUNS begin behind a place: the messages up to there belong to another ledger."""
    for consumer, partition in await _readers_of_runs(connection):
        position = await lock_position(connection, consumer, partition)
        await write_position(connection, position, max(position.stream_seq, last_seq), position.outgoing)


async def _readers_of_runs(connection: AsyncConnection) -> dict[tuple[str, int], int]:
    """The last message taken by each lane that reads RUNS, in the order in which they are locked."""
    readers = (*await ledger_layers(connection), SETTLEMENT_CONSUMER)
    return {lane: seq for lane, seq in sorted((await all_positions(connection)).items()) if lane[0] in readers}


async def _open_groups(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """The open runs by person, year and scheme: the first claim among them, and when each was opened."""
    key = (runs.c.person_id, runs.c.year, runs.c.scheme)
    first = func.min(runs.c.first_number).label("first_number")
    moments = func.array_agg(runs.c.opened_at).label("opened_at")
    return (await connection.execute(select(*key, first, moments).group_by(*key).order_by(*key))).all()


def _open_since(group: Row[Any], unbooked: Mapping[str, OwnFact], now: datetime) -> datetime:
    """Since when a fresh run counts as open.

    Should RUNS be lost once more, a claim's own fact is found again by this moment. So it is the moment of the one
    such fact; of several none may be found, and without any the earliest moment is kept.
    """
    if len(unbooked) == 1:
        return next(iter(unbooked.values())).recorded_at
    moment: datetime = now if unbooked else min(group.opened_at)
    return moment


def _laid_on(unbooked: Collection[OwnFact]) -> tuple[str | None, str | None]:
    """The claim of an audit laid on its hospital, or withdrawn, and the one corrected; none where several claims have
    such facts.

    What an entry names as counterparty follows from this. With whom it is settled is told from the facts themselves,
    however many there are (processors/clearing/counterparties.py).
    """
    if len(unbooked) != 1:
        return None, None
    only = next(iter(unbooked))
    return (None, only.claim_id) if only.corrects else (only.claim_id, None)


async def _own_facts(connection: AsyncConnection, claims: Iterable[Claim]) -> list[OwnFact]:
    """The audits of some persons' claims laid on the hospital, what was withdrawn of them, and the corrections of these
    claims, in recorded order."""
    persons = {claim.person_id for claim in claims}
    laid = await facts_on_hospitals(connection, persons)
    corrected = await connection.execute(
        select(entries.c.claim_id, entries.c.recorded_at).where(
            among(entries.c.person_id, persons),
            entries.c.journal == INTAKE_JOURNAL,
            entries.c.type == CORRECTED,
        )
    )
    found = [
        *(OwnFact(row.claim_id, row.recorded_at, corrects=False) for row in laid),
        *(OwnFact(*row, corrects=True) for row in corrected),
    ]
    return sorted(found, key=lambda fact: fact.recorded_at)


async def _discard_runs_under_way(connection: AsyncConnection) -> None:
    """Drop the runs that layers were to send, and move every position to one place behind them all.

    The next layer may have booked a layer's last runs before the store was lost: sent again, they would be booked
    twice. The move also fences a worker that still holds a batch of the lost stream.
    """
    lanes = await _readers_of_runs(connection)
    behind = max(lanes.values(), default=0) + 1
    for consumer, partition in lanes:
        position = await lock_position(connection, consumer, partition)
        unsent = [message for message in position.outgoing if message.stream == ANSWERS]
        await write_position(connection, position, behind, unsent)
