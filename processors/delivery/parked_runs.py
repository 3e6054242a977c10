"""Parked runs: a run that can't be handled stops its person's lane alone, and what comes behind it waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import MsgspecError, structs
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from events.store.metadata import metadata
from events.store.writes import Writes
from processors.delivery.run import Cause, Run, close_runs
from processors.delivery.superseded_runs import replaced_runs
from processors.delivery.wire import pack_run, unpack_run

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


_PARKED = Prepared(
    select(parked).where(
        parked.c.consumer == bindparam("of"), parked.c.person_id == any_(bindparam("persons", type_=ARRAY(Text)))
    )
)


@dataclass(slots=True)
class ParkedRuns:
    """The lanes of one consumer for the persons of a batch. A lane is a person's year, scheme and stage.

    ``standing`` are the parked runs of each lane with the number of their first claim, ``causes`` what opened them.
    """

    consumer: str
    standing: dict[tuple[Any, ...], dict[int, int]] = field(default_factory=dict)
    causes: dict[tuple[str, int], Cause | None] = field(default_factory=dict)
    arrived: list[tuple[Run, str]] = field(default_factory=list)
    superseded: list[tuple[Run, int, int]] = field(default_factory=list)
    """who supersedes whom, and the number of the first claim of that one"""
    resumed: list[Run] = field(default_factory=list)

    @classmethod
    async def load(cls, connection: AsyncConnection, consumer: str, runs: Sequence[Run]) -> "ParkedRuns":
        """The parked runs of the persons of a batch."""
        lanes = cls(consumer)
        if not runs:
            return lanes
        persons = sorted({run.person_id for run in runs})
        rows = await _PARKED.fetch(connection, of=consumer, persons=persons)
        for row in rows:
            key = (row["person_id"], row["scheme"], row["year"], row["stage"])
            lanes.standing.setdefault(key, {})[row["run"]] = row["first_number"]
            lanes.causes[row["person_id"], row["run"]] = _cause_of(row["body"])
        return lanes

    def clear(self, run: Run) -> bool:
        """Whether a run may go ahead: nothing is parked before it, or it covers the claims of all that is.

        A run that covers what is parked supersedes it; any other is parked behind it, so that order is kept. A parked
        run that was released comes again: it goes ahead once nothing is parked before it.
        """
        lane = self.standing.get(_lane(run))
        if not lane:
            return True
        if run.number in lane:
            if run.number > min(lane):
                return False
            del lane[run.number]
            self.resumed.append(run)
            return True
        if run.claims[0].number <= min(lane.values()):
            self._inherit(run, lane)
            self.superseded += [(run, number, first) for number, first in lane.items()]
            lane.clear()
            return True
        self._park(run, f"waits behind run {min(lane)}")
        return False

    def park(self, run: Run, error: Exception) -> None:
        """Park a run that can't be handled."""
        self._park(run, f"{type(error).__name__}: {error}")

    def save(self, writes: Writes, at: datetime) -> None:
        """Write what was parked, superseded and resumed, if anything was."""
        if self.arrived or self.superseded or self.resumed:
            close_runs(writes, sorted({(run.person_id, number) for run, number, _ in self.superseded}))
            writes.upsert(replaced_runs, self._replaced().values())
            writes.do(partial(self._save, at))

    async def _save(self, at: datetime, connection: AsyncConnection) -> None:
        dropped = {(run.person_id, number) for run, number, _ in self.superseded}
        arrived = [(run, reason) for run, reason in self.arrived if (run.person_id, run.number) not in dropped]
        stopped = {(run.person_id, run.number) for run, _ in arrived}
        resumed = {(run.person_id, run.number) for run in self.resumed} - stopped
        if dropped or resumed:
            await connection.execute(
                delete(parked).where(
                    parked.c.consumer == self.consumer,
                    tuple_(parked.c.person_id, parked.c.run).in_(sorted(dropped | resumed)),
                )
            )
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
            for run, reason in arrived
        ]
        if rows:
            statement = insert(parked)
            # a released run that stops again stands still since it first did
            again = {"reason": statement.excluded.reason}
            await connection.execute(statement.on_conflict_do_update(constraint=parked.primary_key, set_=again), rows)

    def _park(self, run: Run, reason: str) -> None:
        self.standing.setdefault(_lane(run), {})[run.number] = run.claims[0].number
        self.causes[run.person_id, run.number] = run.cause
        self.arrived.append((run, reason))

    def _replaced(self) -> dict[tuple[str, int], dict[str, Any]]:
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for run, number, first_number in self.superseded:
            cause = self.causes.get((run.person_id, number))
            if cause is not None:
                found[run.person_id, number] = {
                    "person_id": run.person_id,
                    "run": number,
                    "scheme": run.scheme,
                    "year": run.year,
                    "first_number": first_number,
                    "cause": cause.number,
                    "stage": run.stage,
                    "replaced_by": run.number,
                }
        return found

    def _inherit(self, run: Run, numbers: Iterable[int]) -> None:
        """A run that takes the place of an audit's books what the audit laid on the hospital."""
        causes = [self.causes.get((run.person_id, number)) for number in numbers]
        laid = {cause.laid_on_hospital for cause in causes if cause is not None} - {None}
        if run.cause.laid_on_hospital is None and len(laid) == 1:
            run.cause = structs.replace(run.cause, laid_on_hospital=laid.pop())


def _cause_of(body: bytes) -> Cause | None:
    """What opened a parked run, None where an older program wrote it in another form."""
    try:
        return unpack_run(body).cause
    except MsgspecError:
        return None


def _lane(run: Run) -> tuple[Any, ...]:
    return run.person_id, run.scheme, run.year, run.stage
