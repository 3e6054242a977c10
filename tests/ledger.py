"""Drives the real handlers over a real database without a broker: what they send is carried on in memory."""

import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.loader import load_directory
from policies.scheme import Scheme
from policies.vocabulary import LAYERS
from processors.delivery.names import ANSWERS, RUNS
from processors.delivery.position import all_positions, read_position
from processors.delivery.transaction import Delivery, Fenced, Handler, Message, Position, handle_batch
from processors.law.adoption import initialise
from processors.pipeline.intake import Intake
from processors.pipeline.layer import Layer
from processors.pipeline.settlement import Settlement
from projections.refusals import refusals
from projections.statements import statement_json, statements

Event = Mapping[str, Any] | bytes
SHIPPED = load_directory()
SHIPPED_LAYERS = tuple(dict.fromkeys((*LAYERS, *(layer for scheme in SHIPPED for layer in scheme.vocabulary.layers))))
"""The shared layers, and those that shipped schemes bring: each has a consumer in every new ledger."""


@dataclass(frozen=True)
class Answer:
    """One message on ANSWERS."""

    subject: str
    id: str
    type: str
    data: dict[str, Any]


async def is_lost() -> bool:
    """What recovery is told of a stream that is gone."""
    return True


class Books:
    """All processors of a ledger; ``publish`` settles until nothing is in flight.

    ``cut`` is how many messages a consumer takes in one transaction; with ``seed`` the consumers take turns and
    amounts at random, so that runs overtake each other wherever the real pipeline lets them.
    """

    def __init__(self, engine: AsyncEngine, partitions: int, *, cut: int = 50, seed: int | None = None) -> None:
        self.engine = engine
        self.cut = cut
        self.random = random.Random(seed) if seed is not None else None
        self.answers: list[Answer] = []
        self.sequence = {"INTAKE": 0, RUNS: 0}
        handlers: list[Handler] = [*(Layer(layer, partitions) for layer in SHIPPED_LAYERS), Settlement()]
        self.lanes: dict[tuple[str, int], Handler] = {("intake", 0): Intake(partitions)} | {
            (handler.consumer, partition): handler for handler in handlers for partition in range(partitions)
        }
        self.queues: dict[tuple[str, int], deque[Delivery]] = {lane: deque() for lane in self.lanes}
        self.known: dict[tuple[str, int], Position] = {}

    @classmethod
    async def open(
        cls, engine: AsyncEngine, partitions: int = 1, schemes: Sequence[Scheme] = SHIPPED, **knobs: Any
    ) -> "Books":
        """Books over a new database, the shipped schemes adopted, or others."""
        return cls(engine, await initialise(engine, schemes, partitions), **knobs)

    async def publish(self, events: Iterable[Event], batch: int = 500, mailbox: str = "hospital/H1") -> None:
        """Publish events as their sources would, ``batch`` to a transaction of intake, and settle them.

        Each goes through the mailbox of its own source; ``mailbox`` is that of bytes.
        """
        self.enqueue(events, mailbox)
        while self.queues["intake", 0]:
            await self.step(("intake", 0), batch)
            if self.random is None:
                await self.drain()
        await self.drain()

    def enqueue(self, events: Iterable[Event], mailbox: str = "hospital/H1") -> None:
        """Put events into INTAKE without taking them."""
        for event in events:
            self.sequence["INTAKE"] += 1
            body = event if isinstance(event, bytes) else orjson.dumps(event)
            kind, _, id_ = (mailbox if isinstance(event, bytes) else event["source"]).partition("/")
            delivery = Delivery(self.sequence["INTAKE"], f"claims.intake.{kind}.{id_}._", body)
            self.queues["intake", 0].append(delivery)

    async def drain(self) -> None:
        """Let the consumers go on until nothing is in flight."""
        for _ in range(100_000):
            waiting = [lane for lane, queue in self.queues.items() if queue and lane != ("intake", 0)]
            if not waiting:
                return
            if self.random is None:
                await self.step(waiting[0], self.cut)
            else:
                await self.step(self.random.choice(waiting), self.random.randint(1, 3))
        raise AssertionError("the pipeline never falls quiet")

    async def step(self, lane: tuple[str, int], most: int) -> None:
        """One transaction of one consumer."""
        queue = self.queues[lane]
        batch = [queue.popleft() for _ in range(min(most, len(queue)))]
        known = self.known.get(lane) or await self._see(lane)
        try:
            self.known[lane] = await handle_batch(self.engine, self.lanes[lane], known, batch)
        except Fenced:  # as a lane does it: somebody adopted a scheme, or mended rows; nothing was taken
            again = await self._see(lane)
            assert again.stream_seq == known.stream_seq
            self.known[lane] = await handle_batch(self.engine, self.lanes[lane], again, batch)
        for message in self.known[lane].outgoing:
            self._carry(message)

    async def _see(self, lane: tuple[str, int]) -> Position:
        async with self.engine.begin() as connection:
            return await read_position(connection, *lane)

    async def begin_anew(self) -> None:
        """Workers begin again where the database says that they stand, after RUNS was lost: intake sends again."""
        self.known.clear()
        async with self.engine.connect() as connection:
            self.sequence[RUNS] = max((await all_positions(connection)).values())
            intake = await read_position(connection, "intake", 0)
        for message in intake.outgoing:
            self._carry(message)

    def _carry(self, message: Message) -> None:
        if message.stream == ANSWERS:
            event = orjson.loads(message.body)
            self.answers.append(Answer(message.subject, event["id"], event["type"], event["data"]))
            return
        self.sequence[RUNS] += 1
        _, _, consumer, partition, _ = message.subject.split(".")
        delivery = Delivery(self.sequence[RUNS], message.subject, message.body)
        self.queues[consumer, int(partition)].append(delivery)

    async def refused(self) -> list[tuple[str, str]]:
        """(event id, reason) of all refusals, in the order they were given."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(refusals.c.event_id, refusals.c.reason).order_by(refusals.c.number))
            return [(row.event_id, row.reason) for row in rows]

    async def statement(self, claim_id: str) -> dict[str, Any] | None:
        """A claim's statement as docs/contract.md#statement shows it."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(statements).where(statements.c.claim_id == claim_id))
            row = rows.mappings().one_or_none()
            return None if row is None else statement_json(dict(row))

    async def paid(self, claim_id: str) -> dict[str, str]:
        """What a claim's statement says in yuan: by layer, ``patient`` and ``hospital``."""
        statement = await self.statement(claim_id)
        assert statement is not None, f"{claim_id} was not settled"
        return {entry["layer"]: entry["paid"] for entry in statement["layers"]} | {
            "patient": statement["patient_share"],
            "hospital": statement["hospital_share"],
        }

    def answered(self, token: str) -> Sequence[Answer]:
        """The answers whose subject ends in a claim or event id."""
        return [answer for answer in self.answers if answer.subject.endswith(f".{token}")]
