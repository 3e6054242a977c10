"""Parked runs: a run that can't be handled stops its person's lane alone, and what comes behind it waits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    delete,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.tables import metadata
from processors.runs import Run, close_runs
from processors.wire import pack_run
from projections.rows import among

parked = Table(
    "parked",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("stage", SmallInteger, primary_key=True, autoincrement=False),
    Column("person_id", Text, primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("year", SmallInteger, nullable=False),
    Column("first_number", Integer, nullable=False, comment="of the first claim it carries"),
    Column("reason", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the run as it arrived"),
    schema="processors",
)


@dataclass(slots=True)
class Lanes:
    """The lanes of one consumer for the persons of a batch. A lane is a person's year, scheme and stage."""

    consumer: str
    standing: dict[tuple[Any, ...], dict[int, int]] = field(default_factory=dict)
    arrived: list[tuple[Run, str]] = field(default_factory=list)
    superseded: list[tuple[Run, int]] = field(default_factory=list)

    @classmethod
    async def load(cls, connection: AsyncConnection, consumer: str, runs: Sequence[Run]) -> "Lanes":
        """The parked runs of the persons of a batch."""
        lanes = cls(consumer)
        rows = await connection.execute(
            select(parked).where(
                parked.c.consumer == consumer, among(parked.c.person_id, {run.person_id for run in runs})
            )
        )
        for row in rows:
            key = (row.person_id, row.scheme, row.year, row.stage)
            lanes.standing.setdefault(key, {})[row.run] = row.first_number
        return lanes

    def clear(self, run: Run) -> bool:
        """Whether a run may go ahead: nothing is parked before it, or it covers the claims of all that is.

        A run that covers what is parked supersedes it; any other is parked behind it, so that order is kept.
        """
        lane = self.standing.get(_lane(run))
        if not lane:
            return True
        if run.claims[0].number <= min(lane.values()):
            self.superseded += [(run, number) for number in lane]
            lane.clear()
            return True
        self._park(run, f"waits behind run {min(lane)}")
        return False

    def park(self, run: Run, error: Exception) -> None:
        """Park a run that can't be handled."""
        self._park(run, f"{type(error).__name__}: {error}")

    async def save(self, connection: AsyncConnection, at: datetime) -> None:
        """Write what was parked and superseded."""
        dropped = {(run.person_id, number) for run, number in self.superseded}
        if dropped:
            await connection.execute(
                delete(parked).where(
                    parked.c.consumer == self.consumer, tuple_(parked.c.person_id, parked.c.run).in_(sorted(dropped))
                )
            )
            await close_runs(connection, sorted(dropped))
        rows = [
            {
                "consumer": self.consumer,
                "stage": run.stage,
                "person_id": run.person_id,
                "run": run.number,
                "scheme": run.scheme,
                "year": run.year,
                "first_number": run.claims[0].number,
                "reason": reason[:2000],
                "since": at,
                "body": pack_run(run),
            }
            for run, reason in self.arrived
            if (run.person_id, run.number) not in dropped
        ]
        if rows:
            await connection.execute(insert(parked), rows)

    def _park(self, run: Run, reason: str) -> None:
        self.standing.setdefault(_lane(run), {})[run.number] = run.claims[0].number
        self.arrived.append((run, reason))


def _lane(run: Run) -> tuple[Any, ...]:
    return run.person_id, run.scheme, run.year, run.stage
