"""What is in flight: how far intake has read, which runs are open, and which of these are parked."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.parked_runs import parked
from processors.delivery.position import positions
from processors.delivery.run import runs


@dataclass(frozen=True, slots=True)
class InFlight:
    """``intake`` is the last event taken; ``runs`` are open, ``parked`` of them stand still."""

    intake: int
    runs: int
    parked: int


async def in_flight(connection: AsyncConnection) -> InFlight:
    """What is in flight now."""
    taken = select(func.coalesce(func.max(positions.c.stream_seq), 0)).where(positions.c.consumer == INTAKE_CONSUMER)
    parked_runs = select(func.count()).select_from(select(parked.c.person_id, parked.c.run).distinct().subquery())
    row = (
        await connection.execute(
            select(
                taken.scalar_subquery(),
                select(func.count()).select_from(runs).scalar_subquery(),
                parked_runs.scalar_subquery(),
            )
        )
    ).one()
    return InFlight(*row)


async def is_settling(connection: AsyncConnection) -> bool:
    """Whether any run is open that is not parked: the first one found answers, however many there are."""
    is_parked = exists().where(parked.c.person_id == runs.c.person_id, parked.c.run == runs.c.run)
    return bool(await connection.scalar(select(exists().select_from(runs).where(~is_parked))))


async def moving_runs(connection: AsyncConnection) -> set[tuple[str, int]]:
    """The runs that are open and not parked, by person and number."""
    parked_runs = select(parked.c.person_id, parked.c.run)
    moving = select(runs.c.person_id, runs.c.run).except_(parked_runs)
    return {(person_id, run) for person_id, run in await connection.execute(moving)}
