"""Submits bills on paper, what changes them, and filings, and waits for what the ledger makes of each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import BUREAU
from events.national_ids import holds_national_id
from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_events
from infra.operations.ledger_access import LedgerAccess
from infra.operations.quiescence import poll_until, until_taken
from processors.delivery.run import runs
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
    return _event(source, actor, "bill.submitted.v1", stated["claim_id"], data | {"prepaid": True})


def correction_event(source: str, actor: str, claim_id: str, bill: Mapping[str, str], reason: str) -> dict[str, Any]:
    """The event that replaces the amounts of a bill on paper, in yuan."""
    return _event(
        source, actor, "claim.corrected.v1", claim_id, {"claim_id": claim_id, "bill": dict(bill), "reason": reason}
    )


def reversal_event(source: str, actor: str, claim_id: str, reason: str) -> dict[str, Any]:
    """The event that takes a bill on paper back whole."""
    return _event(source, actor, "claim.reversed.v1", claim_id, {"claim_id": claim_id, "reason": reason})


def filing_event(source: str, actor: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The event that files treatment elsewhere, or replaces what was filed under its number."""
    data = {name: value for name, value in stated.items() if value is not None}
    return _event(source, actor, "referral.filed.v1", stated["filing_id"], data)


def _event(source: str, actor: str, type_: str, about: str, data: Mapping[str, Any]) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "source": source,
        "id": f"window-{about[:96]}-{uuid4().hex[:12]}",
        "type": type_,
        "data": dict(data),
    }
    return event | {"actor": actor} if actor else event


async def submit_bill(access: LedgerAccess, event: Mapping[str, Any]) -> SubmittedBill:
    """Publish a bill on paper; returns once it is settled or refused."""
    claim_id = event["data"]["claim_id"]
    place = await _published(access, event)

    async def observe(connection: AsyncConnection) -> SubmittedBill:
        refusal = await refusal_at(connection, place)
        row = None if refusal else (await load_statements(connection, [claim_id])).get(claim_id)
        return SubmittedBill(None if row is None else statement_json(row), refusal)

    return await _seen(access, observe)


async def submit_change(access: LedgerAccess, event: Mapping[str, Any]) -> SubmittedBill:
    """Publish a correction or reversal of a claim; returns once its person's claims are settled again, or refused."""
    claim_id = event["data"]["claim_id"]
    place = await _published(access, event)

    async def observe(connection: AsyncConnection) -> SubmittedBill:
        if refusal := await refusal_at(connection, place):
            return SubmittedBill(None, refusal)
        row = (await load_statements(connection, [claim_id])).get(claim_id)
        if row is None:  # the bill itself is not settled yet
            return SubmittedBill(None, None)
        on_its_way = await connection.scalar(select(exists().where(runs.c.person_id == row["person_id"])))
        return SubmittedBill(None if on_its_way else statement_json(row), None)

    return await _seen(access, observe)


async def submit_filing(access: LedgerAccess, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Publish a filing; returns its refusal, or None once it is in the books."""
    place = await _published(access, event)
    async with access.engine.connect() as connection:
        return await refusal_at(connection, place)


async def _seen(access: LedgerAccess, observe: Callable[[AsyncConnection], Awaitable[SubmittedBill]]) -> SubmittedBill:
    """What came of it once something did, else after nothing has moved for ``NOTHING_MOVES_S``."""
    return await poll_until(
        access.engine,
        observe,
        lambda seen: seen.statement is not None or seen.refusal is not None,
        give_up_after_s=NOTHING_MOVES_S,
    )


async def _published(access: LedgerAccess, event: Mapping[str, Any]) -> int:
    """Publish an event, and wait until intake has taken it; returns its place in INTAKE."""
    body = orjson.dumps(event)
    (place,) = await publish_events(access.client, [Outgoing(subject_of(body), body)])
    await until_taken(access.engine, place)
    return place
