"""Parked runs: later runs of the same person, year and scheme wait behind one that can't be handled; all others go on.

Runs keep their order within a person, scheme, year and stage: that is a run's order key. All that have come to
settlement are at one stage, however long their paths are. Parked runs are released, in their order, in the transactions
of the worker that owns their lane (``delivery.release``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson
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
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from events.store.metadata import metadata
from events.store.rows import among
from events.store.writes import Writes
from processors.delivery.names import SETTLEMENT_CONSUMER
from processors.delivery.run import Cause, Run, close_runs, pack_run, unpack_run, unpack_runs
from processors.delivery.superseded_runs import superseded_runs
from processors.delivery.transaction import Delivery, Transaction

RELEASE_SENDER = "release"
"""Ends the subject of a message that releases parked runs: its body names persons."""

OrderKey = tuple[str, str, int, int]
"""person, scheme, year, stage"""
_BEHIND_ALL = -1
"""The stage of whatever has come to settlement."""

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
    """The parked runs of one consumer for the persons of a batch.

    ``parked`` gives by order key the numbers of the parked runs, each with the number of its first claim. ``causes``
    gives by person and run what opened it. ``superseded`` holds a run that supersedes, the number of the parked run
    that it supersedes, and the number of that one's first claim.
    """

    consumer: str
    parked: dict[OrderKey, dict[int, int]] = field(default_factory=dict)
    causes: dict[tuple[str, int], Cause | None] = field(default_factory=dict)
    arrived: list[tuple[Run, str]] = field(default_factory=list)
    superseded: list[tuple[Run, int, int]] = field(default_factory=list)
    resumed: list[Run] = field(default_factory=list)

    @classmethod
    async def load(cls, connection: AsyncConnection, consumer: str, runs: Sequence[Run]) -> "ParkedRuns":
        """The parked runs of the persons of a batch."""
        found = cls(consumer)
        if not runs:
            return found
        persons = sorted({run.person_id for run in runs})
        for row in await _PARKED.fetch(connection, of=consumer, persons=persons):
            key = found._key(row["person_id"], row["scheme"], row["year"], row["stage"])
            found.parked.setdefault(key, {})[row["run"]] = row["first_number"]
            found.causes[row["person_id"], row["run"]] = _cause_of(row["body"])
        return found

    def admit(self, run: Run) -> bool:
        """Whether a run may go ahead: nothing is parked before it, or it covers the claims of all that is.

        A run that covers what is parked supersedes it. Any other run is parked behind it, so that order is kept. A
        parked run that was released arrives again: it goes ahead once nothing is parked before it.
        """
        before = self.parked.get(self._key_of(run))
        if not before:
            return True
        if run.number in before:
            if run.number > min(before):
                return False
            del before[run.number]
            self.resumed.append(run)
            return True
        if run.claims[0].number <= min(before.values()):
            self._inherit(run, before)
            self.superseded += [(run, number, first) for number, first in before.items()]
            before.clear()
            return True
        self._park(run, f"waits behind run {min(before)}")
        return False

    def park(self, run: Run, error: Exception) -> None:
        """Park a run that can't be handled."""
        self._park(run, f"{type(error).__name__}: {error}")

    def save(self, writes: Writes, at: datetime) -> None:
        """Write what was parked, superseded and resumed, if anything was."""
        if self.arrived or self.superseded or self.resumed:
            close_runs(writes, sorted({(run.person_id, number) for run, number, _ in self.superseded}))
            writes.upsert(superseded_runs, self._superseded_rows().values())
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
            # ``since`` is kept: a released run that is parked again has stood still since the first time
            again = {"reason": statement.excluded.reason}
            await connection.execute(statement.on_conflict_do_update(constraint=parked.primary_key, set_=again), rows)

    def _key_of(self, run: Run) -> OrderKey:
        return self._key(run.person_id, run.scheme, run.year, run.stage)

    def _key(self, person_id: str, scheme: str, year: int, stage: int) -> OrderKey:
        return person_id, scheme, year, _BEHIND_ALL if self.consumer == SETTLEMENT_CONSUMER else stage

    def _park(self, run: Run, reason: str) -> None:
        self.parked.setdefault(self._key_of(run), {})[run.number] = run.claims[0].number
        self.causes[run.person_id, run.number] = run.cause
        self.arrived.append((run, reason))

    def _superseded_rows(self) -> dict[tuple[str, int], dict[str, Any]]:
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
        """A run that supersedes the run of an audit or a correction books what that one would have laid on a claim."""
        causes = [cause for number in numbers if (cause := self.causes.get((run.person_id, number))) is not None]
        laid = {cause.laid_on_hospital for cause in causes} - {None}
        corrected = {cause.corrected_claim for cause in causes} - {None}
        if run.cause.laid_on_hospital is None and len(laid) == 1:
            run.cause = structs.replace(run.cause, laid_on_hospital=laid.pop())
        if run.cause.corrected_claim is None and len(corrected) == 1:
            run.cause = structs.replace(run.cause, corrected_claim=corrected.pop())


async def arrived_runs(transaction: Transaction, consumer: str, batch: Sequence[Delivery]) -> list[Run]:
    """The runs that a batch of a consumer's messages brings, in order.

    Released runs come first: they were parked before anything in the batch arrived.
    """
    arrived: list[Run] = []
    persons: set[str] = set()
    for delivery in batch:
        if delivery.subject.endswith(f".{RELEASE_SENDER}"):
            persons.update(orjson.loads(delivery.body))
        else:
            arrived += unpack_runs(delivery.body)
    return [*await _released_runs(transaction, consumer, persons), *arrived] if persons else arrived


async def _released_runs(transaction: Transaction, consumer: str, persons: set[str]) -> list[Run]:
    rows = await transaction.connection.execute(
        select(parked)
        .where(parked.c.consumer == consumer, among(parked.c.person_id, persons))
        .order_by(parked.c.person_id, parked.c.run)
    )
    found: list[Run] = []
    unreadable: list[tuple[str, int]] = []
    for row in rows:
        try:
            found.append(unpack_run(row.body))
        except MsgspecError:
            unreadable.append((row.person_id, row.run))
    if unreadable:
        transaction.writes.do(partial(_record_unreadable, consumer, unreadable))
    return found


async def _record_unreadable(consumer: str, unreadable: Sequence[tuple[str, int]], connection: AsyncConnection) -> None:
    await connection.execute(
        update(parked)
        .where(parked.c.consumer == consumer, tuple_(parked.c.person_id, parked.c.run).in_(unreadable))
        .values(reason="an older program wrote this run in another form: remove the stream RUNS to make it anew")
    )


def _cause_of(body: bytes) -> Cause | None:
    """What opened a parked run, None where an older program wrote it in another form."""
    try:
        return unpack_run(body).cause
    except MsgspecError:
        return None
