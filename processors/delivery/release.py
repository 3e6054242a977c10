"""Released runs: parked ones go on from where they stand, in their order, in the transactions of their lane's owner.

A release is a message to the lane that names persons. It carries no run: the owner reads what is parked when he takes
it, so that it may be lost, or sent twice, without harm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson
from msgspec import MsgspecError
from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import among
from processors.delivery.parked_runs import parked
from processors.delivery.run import Run, partition_of, runs, runs_subject
from processors.delivery.transaction import Delivery, Transaction
from processors.delivery.wire import unpack_run, unpack_runs

SENDER = "release"
PERSONS_PER_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A run that stands still at a consumer, and why."""

    person_id: str
    consumer: str
    run: int
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """A message that releases: the lane it goes to, its subject and bytes."""

    consumer: str
    partition: int
    subject: str
    body: bytes


async def standing_runs(
    connection: AsyncConnection, *, person_id: str | None = None, consumer: str | None = None
) -> list[Standing]:
    """What is parked, all or of one person or consumer, by person, consumer and run."""
    table = parked.c
    query = select(table.person_id, table.consumer, table.run, table.reason)
    if person_id is not None:
        query = query.where(table.person_id == person_id)
    if consumer is not None:
        query = query.where(table.consumer == consumer)
    rows = await connection.execute(query.order_by(table.person_id, table.consumer, table.run))
    return [Standing(*row) for row in rows]


def requests(standing: Iterable[Standing], partitions: int) -> list[Request]:
    """The messages that release runs, with whatever else is parked in their person's lanes at that consumer."""
    persons: dict[tuple[str, int], set[str]] = {}
    for run in standing:
        lane = (run.consumer, partition_of(run.person_id, partitions))
        persons.setdefault(lane, set()).add(run.person_id)
    found = []
    for (consumer, partition), asked in sorted(persons.items()):
        names = sorted(asked)
        for start in range(0, len(names), PERSONS_PER_MESSAGE):
            body = orjson.dumps(names[start : start + PERSONS_PER_MESSAGE])
            found.append(Request(consumer, partition, runs_subject(consumer, partition, SENDER), body))
    return found


async def open_of(connection: AsyncConnection, wanted: Sequence[Standing]) -> set[tuple[str, int]]:
    """Which of some runs, by person and number, are not at their end yet."""
    if not wanted:
        return set()
    keys = [(run.person_id, run.run) for run in wanted]
    rows = await connection.execute(
        select(runs.c.person_id, runs.c.run).where(among(runs.c.person_id, {person_id for person_id, _ in keys}))
    )
    return {(row.person_id, row.run) for row in rows} & set(keys)


async def arrivals(transaction: Transaction, consumer: str, batch: Sequence[Delivery]) -> list[Run]:
    """The runs that a batch of a consumer's messages brings, in order.

    Released ones come first: they were parked before anything in the batch arrived.
    """
    arrived: list[Run] = []
    persons: set[str] = set()
    for delivery in batch:
        if delivery.subject.endswith(f".{SENDER}"):
            persons.update(orjson.loads(delivery.body))
        else:
            arrived += unpack_runs(delivery.body)
    return [*await _parked_runs(transaction, consumer, persons), *arrived] if persons else arrived


async def _parked_runs(transaction: Transaction, consumer: str, persons: set[str]) -> list[Run]:
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
        transaction.writes.do(partial(_tell_unreadable, consumer, unreadable))
    return found


async def _tell_unreadable(consumer: str, unreadable: Sequence[tuple[str, int]], connection: AsyncConnection) -> None:
    await connection.execute(
        update(parked)
        .where(parked.c.consumer == consumer, tuple_(parked.c.person_id, parked.c.run).in_(unreadable))
        .values(reason="an older program wrote this run in another form: remove the stream RUNS to make it anew")
    )
