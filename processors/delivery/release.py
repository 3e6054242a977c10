"""Releasing parked runs: they go on in their order, in the transactions of the worker that owns their lane.

A release is a message to the lane that names persons. It carries no run: the owner reads what is parked when it handles
the message. So the message may be lost, or sent twice, without harm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import among
from processors.delivery.parked_runs import RELEASE_SENDER, parked
from processors.delivery.run import partition_of, runs, runs_subject

PERSONS_PER_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class ParkedRun:
    """A run that is parked at a consumer, and why."""

    person_id: str
    consumer: str
    run: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseMessage:
    """A message that releases: the lane it goes to, its subject and bytes."""

    consumer: str
    partition: int
    subject: str
    body: bytes


async def load_parked_runs(
    connection: AsyncConnection, *, person_id: str | None = None, consumer: str | None = None
) -> list[ParkedRun]:
    """What is parked, all or of one person or consumer, by person, consumer and run."""
    table = parked.c
    query = select(table.person_id, table.consumer, table.run, table.reason)
    if person_id is not None:
        query = query.where(table.person_id == person_id)
    if consumer is not None:
        query = query.where(table.consumer == consumer)
    rows = await connection.execute(query.order_by(table.person_id, table.consumer, table.run))
    return [ParkedRun(*row) for row in rows]


def release_messages(parked_runs: Iterable[ParkedRun], partitions: int) -> list[ReleaseMessage]:
    """The messages that release runs, with whatever else of their persons is parked at that consumer."""
    persons: dict[tuple[str, int], set[str]] = {}
    for run in parked_runs:
        lane = (run.consumer, partition_of(run.person_id, partitions))
        persons.setdefault(lane, set()).add(run.person_id)
    found = []
    for (consumer, partition), released in sorted(persons.items()):
        names = sorted(released)
        for start in range(0, len(names), PERSONS_PER_MESSAGE):
            body = orjson.dumps(names[start : start + PERSONS_PER_MESSAGE])
            subject = runs_subject(consumer, partition, RELEASE_SENDER)
            found.append(ReleaseMessage(consumer, partition, subject, body))
    return found


async def open_among(connection: AsyncConnection, wanted: Sequence[ParkedRun]) -> set[tuple[str, int]]:
    """Which of some runs, by person and number, are still open."""
    if not wanted:
        return set()
    keys = [(run.person_id, run.run) for run in wanted]
    rows = await connection.execute(
        select(runs.c.person_id, runs.c.run).where(among(runs.c.person_id, {person_id for person_id, _ in keys}))
    )
    return {(row.person_id, row.run) for row in rows} & set(keys)
