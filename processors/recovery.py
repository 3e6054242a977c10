"""When the store of NATS is lost: what was in flight is sent again from the database."""

from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.ledger import write
from processors.answers import ANSWERS, LEDGER
from processors.intake import CONSUMER
from processors.lanes import parked
from processors.openings import Openings
from processors.pins import Pins
from processors.positions import all_positions, lock, move
from processors.runs import Cause, open_runs, runs
from processors.transaction import Transaction
from processors.wire import send_runs
from processors.world import load_histories


async def begin_intake_anew(connection: AsyncConnection) -> None:
    """Move intake's position past where INTAKE may have ended: a worker that still holds its events is fenced."""
    position = await lock(connection, CONSUMER, 0)
    if position.stream_seq:
        await move(connection, position, position.stream_seq + 1, position.outgoing)


async def begin_runs_anew(engine: AsyncEngine, partitions: int) -> int:
    """Open one fresh run for each person, year and scheme that has open ones, from the earliest claim among them.

    Intake's next start sends them. What layers had booked for the lost runs stays; the fresh run books the difference.
    Returns how many were opened.
    """
    async with engine.begin() as connection:
        intake = await lock(connection, CONSUMER, 0)
        await _forget_runs_on_the_way(connection)
        first = func.min(runs.c.first_number)
        groups = (
            await connection.execute(
                select(runs.c.person_id, runs.c.year, runs.c.scheme, first).group_by(
                    runs.c.person_id, runs.c.year, runs.c.scheme
                )
            )
        ).all()
        world = await load_histories(connection, {group.person_id for group in groups})
        pins = Pins()
        schemes = await pins.require(connection, {claim.scheme for claim in world.claims.values()})
        openings = Openings(world, schemes)
        cause = Cause(intake.journal.number, LEDGER, "runs-sent-again", "recovery")
        for person_id, year, scheme, number in sorted(groups):
            openings.open_from(person_id, (year, scheme), number, cause)
        intake.journal.start(datetime.now(UTC))
        transaction = Transaction(connection, intake.journal, f"recovery-{intake.journal.recorded_at.isoformat()}")
        await connection.execute(delete(runs))
        await connection.execute(delete(parked))  # the fresh runs cover them
        await open_runs(connection, openings.runs, intake.journal.recorded_at)
        await world.save(connection)
        send_runs(transaction, CONSUMER, [("basic", run) for run in openings.runs], partitions)
        await write(connection, intake.journal)
        unsent = [message for message in intake.outgoing if message.stream == ANSWERS]
        await move(connection, intake, intake.stream_seq, [*unsent, *transaction.outgoing])
    return len(openings.runs)


async def _forget_runs_on_the_way(connection: AsyncConnection) -> None:
    """Drop the runs that layers were to send, and move every position to one place behind them all.

    A layer's last runs may have been taken and booked by the next one before the store was lost: sent again, they
    would be booked twice. And a worker that still holds a batch from the lost store is fenced.
    """
    layers = {lane: seq for lane, seq in (await all_positions(connection)).items() if lane[0] != CONSUMER}
    behind = max(layers.values(), default=0) + 1
    for consumer, partition in sorted(layers):
        position = await lock(connection, consumer, partition)
        unsent = [message for message in position.outgoing if message.stream == ANSWERS]
        await move(connection, position, behind, unsent)
