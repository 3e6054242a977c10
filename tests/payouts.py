"""PAYOUTS read whole, and what the ledger says that must stand in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.payouts.bookings import BOOKING_TYPES

_BOOKED = """
SELECT journal, number, type, person_id, claim_id, claim_number, run, stage, paid
FROM ledger.entries WHERE type = ANY(CAST(:types AS text[])) ORDER BY recorded_at, journal, number
"""


@dataclass(frozen=True)
class Told:
    """One message of PAYOUTS."""

    subject: str
    event: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.event["id"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.event["data"]
        return data


async def told(client: Client) -> list[Told]:
    """All that PAYOUTS holds, in its order; nothing where it is not there."""
    js = client.jetstream()
    try:
        count = (await js.stream_info("PAYOUTS")).state.messages
    except NotFoundError:
        return []
    config = ConsumerConfig(ack_policy=AckPolicy.NONE)
    reader = await js.pull_subscribe("claims.payouts.>", stream="PAYOUTS", config=config)
    found: list[Told] = []
    while len(found) < count:
        found += [Told(message.subject, orjson.loads(message.data)) for message in await reader.fetch(1000)]
    await reader.unsubscribe()
    return found


async def booked(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """The entries that book money."""
    async with engine.connect() as connection:
        return (await connection.execute(text(_BOOKED), {"types": list(BOOKING_TYPES)})).all()


async def differences(client: Client, engine: AsyncEngine) -> list[str]:
    """What PAYOUTS lacks, has twice or has out of order, held against the ledger."""
    messages, entries = await told(client), await booked(engine)
    counted = Counter(message.id for message in messages)
    ids = {f"{row.journal}-{row.number}" for row in entries}
    found = [f"lost {id_}" for id_ in sorted(ids - counted.keys())]
    found += [f"{count} times {id_}" for id_, count in counted.items() if count > 1]
    found += [f"never booked {id_}" for id_ in sorted(counted.keys() - ids)]
    return found or [f"out of order {each}" for each in in_order(messages, entries)]


def in_order(messages: Sequence[Told], entries: Sequence[Row[Any]]) -> list[str]:
    """What is told out of order: each journal by its numbers, and each run's layers one after the other."""
    stages = {f"{row.journal}-{row.number}": (row.person_id, row.run, row.stage) for row in entries}
    last: dict[str, int] = {}
    reached: dict[tuple[str, int], int] = {}
    wrong = []
    for message in messages:
        journal, _, number = message.id.rpartition("-")
        person, run, stage = stages[message.id]
        if int(number) <= last.get(journal, 0):
            wrong.append(message.id)
        if run is not None and stage < reached.get((person, run), -1):
            wrong.append(f"{message.id} behind stage {reached[person, run]}")
        last[journal] = int(number)
        if run is not None:
            reached[person, run] = stage
    return wrong
