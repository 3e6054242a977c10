"""Submits a bill on paper as its bureau would, and waits for what the ledger makes of it."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_events
from infra.operations.quiescence import poll_until, until_taken
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker
from projections.refusals import refusal_at
from projections.statements import load_statements, statement_json

NOTHING_MOVES_S = 30.0
"""How long nothing may come of an accepted bill before the wait ends: its run may be parked."""


@dataclass(frozen=True, slots=True)
class SubmittedBill:
    """What came of it: a statement, a refusal, or neither where it is accepted and not settled yet."""

    statement: Mapping[str, Any] | None
    refusal: Mapping[str, Any] | None


async def submit_bill(endpoints: Endpoints, settings: Settings, event: Mapping[str, Any]) -> SubmittedBill:
    """Publish a bill on paper; returns once it is settled or refused."""
    body = orjson.dumps(event)
    claim_id = event["data"]["claim_id"]
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours:
        shared = not endpoints.owned and settings.external is None
        async with nullcontext() if shared else at_work(ours):
            (place,) = await publish_events(ours.broker.connection, [Outgoing(subject_of(body), body)])
            await until_taken(ours.engine, place)

            async def observe(connection: AsyncConnection) -> SubmittedBill:
                refusal = await refusal_at(connection, place)
                row = None if refusal else (await load_statements(connection, [claim_id])).get(claim_id)
                return SubmittedBill(None if row is None else statement_json(row), refusal)

            return await poll_until(
                ours.engine,
                observe,
                lambda seen: seen.statement is not None or seen.refusal is not None,
                give_up_after_s=NOTHING_MOVES_S,
            )
