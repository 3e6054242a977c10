"""When the store of NATS is lost: what was in flight is sent again from the database."""

from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.ledger import write
from processors.answers import ANSWERS, LEDGER
from processors.intake import CONSUMER
from processors.openings import Openings
from processors.pins import Pins
from processors.positions import lock, move
from processors.runs import Cause, open_runs, runs, send_runs
from processors.transaction import Transaction
from processors.world import load_histories


async def send_open_runs_again(engine: AsyncEngine, partitions: int) -> int:
    """Open one fresh run for each person, year and scheme that has open ones, from the earliest claim among them.

    Intake's next start sends them. What layers had booked for the lost runs stays; the fresh run books the difference.
    Returns how many were opened.
    """
    async with engine.begin() as connection:
        position = await lock(connection, CONSUMER, 0)
        first = func.min(runs.c.first_number)
        groups = (
            await connection.execute(
                select(runs.c.person_id, runs.c.year, runs.c.scheme, first).group_by(
                    runs.c.person_id, runs.c.year, runs.c.scheme
                )
            )
        ).all()
        if not groups:
            return 0
        world = await load_histories(connection, {group.person_id for group in groups})
        pins = Pins()
        schemes = await pins.require(connection, {claim.scheme for claim in world.claims.values()})
        openings = Openings(world, schemes)
        cause = Cause(position.journal.number, LEDGER, "runs-sent-again", "recovery")
        for person_id, year, scheme, number in sorted(groups):
            openings.open_from(person_id, (year, scheme), number, cause)
        position.journal.start(datetime.now(UTC))
        transaction = Transaction(connection, position.journal, f"recovery-{position.journal.recorded_at.isoformat()}")
        await connection.execute(delete(runs))
        await open_runs(connection, openings.runs, position.journal.recorded_at)
        await world.save(connection)
        send_runs(transaction, CONSUMER, [("basic", run) for run in openings.runs], partitions)
        await write(connection, position.journal)
        unsent = [message for message in position.outgoing if message.stream == ANSWERS]
        await move(connection, position, position.stream_seq, [*unsent, *transaction.outgoing])
    return len(openings.runs)
