"""A repeated event changes nothing and is answered as it was answered before."""

from collections.abc import Sequence

from events.decisions import CLAIM_RESETTLED, EVENT_REJECTED, EVENT_WAITING
from processors.delivery.answers import answer
from processors.delivery.transaction import Transaction
from processors.pipeline.incoming_event import IncomingEvent
from projections.refusals import load_refusals
from projections.statements import load_due_at_window, load_statements, statement_json
from projections.waiting_discharges import load_waiting


async def answer_again(transaction: Transaction, repeated: Sequence[IncomingEvent]) -> None:
    """Answer repeated events with the answer they had, under its id; a claim in flight is answered by settlement."""
    if not repeated:
        return
    connection = transaction.connection
    claim_ids = [event.claim_id for event in repeated if event.claim_id is not None]
    settled = await load_statements(connection, claim_ids)
    resettled = [row["answer_id"] for row in settled.values() if row["answer_type"] == CLAIM_RESETTLED]
    windows = await load_due_at_window(connection, resettled) if resettled else {}
    refused = await load_refusals(connection, [event.identity for event in repeated])
    waits = {(entry.source, entry.event_id): entry for entry in await load_waiting(connection, (), claim_ids)}
    for event in repeated:
        refusal = refused.get(event.identity)
        entry = waits.get(event.identity)
        statement = settled.get(event.claim_id or "")
        to = (transaction, event.mailbox, event.token)
        if refusal is not None:
            number = refusal["number"]
            data = {name: refusal[name] for name in ("source", "event_id", "type", "reason", "detail")}
            answer(*to, EVENT_REJECTED, f"intake-{number}", data)
        elif entry is not None:
            data = {"source": entry.source, "event_id": entry.event_id, "waits_for": entry.admission_id}
            answer(*to, EVENT_WAITING, f"intake-{entry.number}", data)
        elif statement is not None and event.is_claim and statement["source"] == event.mailbox:
            answer_id = statement["answer_id"]
            window = {"due_at_window": windows[answer_id]} if answer_id in windows else {}
            answer(*to, statement["answer_type"], answer_id, statement_json(statement) | window)
