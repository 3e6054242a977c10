"""Whether the ledger would take an event, as far as the event itself tells: by the models that intake reads it with."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from events.catalog import FACTS, Unreadable, read
from events.envelope import decode
from events.faults import faults
from events.refusals import Refusal
from infra.access.sources import EVENT_BYTES, Source
from infra.gateway.plain.documents import SentDocument
from infra.gateway.plain.problems import FieldError, HttpProblem

MOST_ERRORS = 100
"""Told of one request."""


def check_documents(source: Source, documents: Sequence[SentDocument]) -> None:
    """Raise ``HttpProblem`` unless each event would be read and allowed; all faults of all events are told."""
    errors: list[FieldError] = []
    statuses: set[int] = set()
    for document in documents:
        for status, error in _faults(source, document):
            statuses.add(status)
            errors.append(error)
    if errors:
        status = 422 if 422 in statuses else max(statuses)
        first = errors[0]
        raise HttpProblem(
            status, f"nothing was sent: {first.message}", f"未发送：{first.message_zh}", errors=errors[:MOST_ERRORS]
        )


def _faults(source: Source, document: SentDocument) -> Iterator[tuple[int, FieldError]]:
    if len(document.raw) > EVENT_BYTES:
        told = f"an event has at most {EVENT_BYTES} bytes", f"一条事件至多 {EVENT_BYTES} 字节"
        yield 413, FieldError(document.pointer, *told, {"max_bytes": EVENT_BYTES})
        return
    try:
        read(document.raw, f"{source.kind}/{source.id}", arriving=True)
    except Unreadable as refused:
        told_of_fields = list(_field_faults(document)) if refused.reason == "malformed" else []
        yield from ((422, error) for error in told_of_fields)
        if not told_of_fields:
            status = 403 if refused.reason == "source_not_allowed" else 422
            chinese = refused.detail_zh or refused.detail
            yield status, FieldError(document.pointer, refused.detail, chinese, {"reason": refused.reason})


def _field_faults(document: SentDocument) -> Iterator[FieldError]:
    """Faults in the data; none where already the envelope is at fault."""
    try:
        envelope = decode(document.raw)
        fact_type = FACTS[str(envelope["type"])]
        fact_type.model.model_validate(envelope["data"])
    except (Refusal, KeyError):
        return
    except ValidationError as error:
        for fault in faults(error):
            place = "".join(f"/{_escaped(str(part))}" for part in ("data", *fault.location))
            yield FieldError(f"{document.pointer}{place}", fault.english, fault.chinese, fault.limits)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
