"""What became of an event, an admission or a claim (claims.status), told to whose it is."""

from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.decisions import EVENT_REJECTED, EVENT_WAITING
from events.enquiries import EnquiredId, EventId, hospital_asking, may_ask, read_enquiry
from events.refusals import Refusal
from events.store.journal import entries
from projections.admissions import load_admissions
from projections.claims import claims
from projections.refusals import refusal_json, refusals
from projections.statements import load_statements
from projections.waiting_discharges import waiting

UNKNOWN = "unknown"
"""The state of what the ledger has not, and of what is another's."""


class StatusRequest(Struct, forbid_unknown_fields=True):
    """One of the three: an event that the asker sent, an admission, a claim."""

    event_id: EventId | None = None
    admission_id: EnquiredId | None = None
    claim_id: EnquiredId | None = None


async def tell_status(engine: AsyncEngine, asker: str | None, body: bytes) -> dict[str, Any]:
    """``{"status": {…}}``: see docs/enquiries.md. Raises ``Refusal``."""
    asked = read_enquiry(body, StatusRequest)
    named = [each for each in (asked.event_id, asked.admission_id, asked.claim_id) if each is not None]
    if len(named) != 1:
        raise Refusal(
            "malformed",
            "name one of event_id, admission_id, claim_id",
            "请在 event_id、admission_id、claim_id 中写一个",
        )
    async with engine.connect() as connection:
        if asked.event_id is not None:
            return {"status": await _of_event(connection, asker, asked.event_id)}
        if asked.admission_id is not None:
            return {"status": await _of_admission(connection, asker, asked.admission_id)}
        return {"status": await _of_claim(connection, asker, named[0])}


async def _of_event(connection: AsyncConnection, asker: str | None, event_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"event_id": event_id}
    if asker is None:
        raise Refusal("malformed", "events are asked for as their source", "事件须以其来源的身份查询")
    held = select(waiting.c.admission_id).where(waiting.c.source == asker, waiting.c.event_id == event_id)
    waits_for = (await connection.execute(held)).scalars().first()
    if waits_for is not None:
        return told | {"state": "waiting", "admission_id": waits_for}
    taken = select(entries.c.type, entries.c.claim_id, entries.c.recorded_at).where(
        entries.c.source == asker,
        entries.c.event_id == event_id,
        entries.c.type.not_in((EVENT_WAITING, EVENT_REJECTED)),
    )
    row = (await connection.execute(taken)).first()
    if row is not None:
        at = row.recorded_at.astimezone(COUNTY_TIME).isoformat()
        return told | {"state": "taken", "type": row.type, "claim_id": row.claim_id, "recorded_at": at}
    refused = select(refusals).where(refusals.c.mailbox == asker, refusals.c.event_id == event_id)
    refusal = (await connection.execute(refused.order_by(refusals.c.number.desc()).limit(1))).mappings().first()
    if refusal is None:
        return told | {"state": UNKNOWN}
    reasons = refusal_json({str(name): value for name, value in refusal.items()})
    return told | {"state": "refused"} | {name: reasons[name] for name in ("type", "reason", "detail", "detail_zh")}


async def _of_admission(connection: AsyncConnection, asker: str | None, admission_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"admission_id": admission_id}
    found = (await load_admissions(connection, [admission_id])).get(admission_id)
    if found is None or (asker is not None and found.hospital_id != hospital_asking(asker)):
        return told | {"state": UNKNOWN}
    state = "cancelled" if found.cancelled else "open" if found.discharged_by is None else "discharged"
    return told | {
        "state": state,
        "person_id": found.person_id,
        "admitted_on": found.admitted_on.isoformat(),
        "claim_id": found.discharged_by,
    }


async def _of_claim(connection: AsyncConnection, asker: str | None, claim_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"claim_id": claim_id}
    query = select(claims.c.hospital_id, claims.c.region, claims.c.standing, claims.c.invoice).where(
        claims.c.claim_id == claim_id
    )
    claim = (await connection.execute(query)).first()
    if claim is None or not may_ask(
        asker, hospital_id=claim.hospital_id, region=claim.region, on_paper=claim.invoice is not None
    ):
        return told | {"state": UNKNOWN}
    statement = (await load_statements(connection, [claim_id])).get(claim_id)
    if statement is None:
        return told | {"state": "in_flight", "revision": None}
    moves = (statement["status"] == "settled") != claim.standing
    return told | {"state": "in_flight" if moves else statement["status"], "revision": statement["revision"]}
