"""A repeated event changes nothing and is answered as it was answered before."""

from collections.abc import Mapping, Sequence

from events.catalog import ITSELF
from events.decisions import CLAIM_RESETTLED, EVENT_ACCEPTED, EVENT_REJECTED, EVENT_WAITING
from events.facts import AdmissionChanged
from events.store.journal import KnownEvent
from processors.delivery.answers import answer
from processors.delivery.transaction import Transaction
from processors.pipeline.incoming_event import Identity, IncomingEvent
from projections.refusals import load_refusals, refusal_json
from projections.statements import load_due_at_window, load_statements, statement_json
from projections.waiting_discharges import load_waiting


def answer_accepted(transaction: Transaction, event: IncomingEvent, number: int, stream_seq: int) -> None:
    """Tell a source that its event, which brings no statement by itself, is in the books at a place of INTAKE.

    The ledger's own orders are told to nobody. The answer is about the event, so its subject ends in the event's id.
    """
    if event.mailbox == ITSELF:
        return
    source, event_id = event.identity
    data = {"source": source, "event_id": event_id, "type": event.type, "seq": stream_seq}
    answer(transaction, event.mailbox, event_id, EVENT_ACCEPTED, f"intake-{number}", data)


async def answer_again(
    transaction: Transaction, repeated: Sequence[IncomingEvent], known: Mapping[Identity, KnownEvent]
) -> None:
    """Answer repeated events with the answer they had, under its id; a claim in flight is answered by settlement.

    ``known`` are those among them that the ledger knew before this batch; the others are answered with the first.
    """
    if not repeated:
        return
    connection = transaction.connection
    claim_ids = [event.claim_id for event in repeated if event.claim_id is not None]
    settled = await load_statements(connection, claim_ids)
    resettled = [row["answer_id"] for row in settled.values() if row["answer_type"] == CLAIM_RESETTLED]
    windows = await load_due_at_window(connection, resettled) if resettled else {}
    refused = await load_refusals(connection, [event.identity for event in repeated])
    changed = [
        event.fact.data.admission_id
        for event in repeated
        if event.fact is not None and isinstance(event.fact.data, AdmissionChanged)
    ]
    waits = {(entry.source, entry.event_id): entry for entry in await load_waiting(connection, changed, claim_ids)}
    for event in repeated:
        refusal = refused.get(event.identity)
        entry = waits.get(event.identity)
        statement = settled.get(event.claim_id or "")
        to = (transaction, event.mailbox, event.token)
        if refusal is not None:
            number = refusal["number"]
            data = refusal_json(refusal)
            answer(*to, EVENT_REJECTED, f"intake-{number}", data)
        elif entry is not None:
            data = {"source": entry.source, "event_id": entry.event_id, "waits_for": entry.admission_id}
            data["seq"] = entry.stream_seq
            answer(*to, EVENT_WAITING, f"intake-{entry.number}", data)
        elif statement is not None and event.is_claim and statement["source"] == event.mailbox:
            answer_id = statement["answer_id"]
            window = {"due_at_window": windows[answer_id]} if answer_id in windows else {}
            answer(*to, statement["answer_type"], answer_id, statement_json(statement) | window)
        elif event.fact is not None and not event.is_claim and event.identity in known:
            accepted = known[event.identity]
            answer_accepted(transaction, event, accepted.number, accepted.stream_seq)
