"""Submits a bill on paper as its bureau would, and waits for what the ledger makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import BUREAU
from events.national_ids import holds_national_id
from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_events
from infra.operations.ledger_access import LedgerAccess
from infra.operations.quiescence import poll_until, until_taken
from projections.refusals import refusal_at
from projections.statements import load_statements, statement_json

_CODE_DIGITS, _NUMBER_DIGITS = 8, 10
"""Of 财政电子票据: 票据代码 and 票据号码."""
NOTHING_MOVES_S = 30.0
"""How long nothing may come of an accepted bill before the wait ends: its run may be parked."""


@dataclass(frozen=True, slots=True)
class SubmittedBill:
    """What came of it: a statement, a refusal, or neither where it is accepted and not settled yet."""

    statement: Mapping[str, Any] | None
    refusal: Mapping[str, Any] | None


def invoice_of(text: str) -> str:
    """An invoice as the ledger writes it: without blanks and hyphens, in capitals.

    One of 18 digits that might be a national ID, which no event may hold, gets an N between code and number.
    """
    number = "".join(text.split()).replace("-", "").upper()
    if len(number) == _CODE_DIGITS + _NUMBER_DIGITS and holds_national_id(number):
        return f"{number[:_CODE_DIGITS]}N{number[_CODE_DIGITS:]}"
    return number


def bill_event(source: str, actor: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The event; a refused bill may be submitted again, so each submission has an id of its own."""
    data = {"submitted_by": BUREAU} | {name: value for name, value in stated.items() if value is not None}
    event = {
        "specversion": "1.0",
        "source": source,
        "id": f"window-{stated['claim_id']}-{uuid4().hex[:12]}"[:128],
        "type": "bill.submitted.v1",
        "data": data | {"prepaid": True},
    }
    return event | {"actor": actor} if actor else event


async def submit_bill(access: LedgerAccess, event: Mapping[str, Any]) -> SubmittedBill:
    """Publish a bill on paper; returns once it is settled or refused."""
    body = orjson.dumps(event)
    claim_id = event["data"]["claim_id"]
    (place,) = await publish_events(access.client, [Outgoing(subject_of(body), body)])
    await until_taken(access.engine, place)

    async def observe(connection: AsyncConnection) -> SubmittedBill:
        refusal = await refusal_at(connection, place)
        row = None if refusal else (await load_statements(connection, [claim_id])).get(claim_id)
        return SubmittedBill(None if row is None else statement_json(row), refusal)

    return await poll_until(
        access.engine,
        observe,
        lambda seen: seen.statement is not None or seen.refusal is not None,
        give_up_after_s=NOTHING_MOVES_S,
    )
