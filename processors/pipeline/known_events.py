"""Whether an event that comes under a known source and id is the one that the ledger knows.

Two are the same where their members say the same: key order, blanks and escapes of the JSON don't count, nor how a
number is written, nor ``time`` and the tracing extensions, which a sender or a proxy may set anew each time.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import orjson

from events.envelope import decode
from events.refusals import Refusal
from events.store.journal import KnownEvent
from processors.pipeline.incoming_event import Identity, IncomingEvent

SET_ANEW = frozenset({"time", "traceparent", "tracestate"})
"""Members that may differ each time the same event is sent."""


def told_apart(events: Sequence[IncomingEvent], known: Mapping[Identity, KnownEvent]) -> list[IncomingEvent]:
    """Events in their order; one that says something else under the id of a known or an earlier one is refused so."""
    seen: dict[Identity, bytes] = {}
    apart = []
    for event in events:
        before = known.get(event.identity)
        if before is not None:
            repeats = _repeats_known(event.raw, before)
        else:
            repeats = _same(event.raw, seen.setdefault(event.identity, event.raw))
        apart.append(event if repeats else event.under_its_bytes())
    return apart


def refused_so(events: Iterable[IncomingEvent], apart: Iterable[IncomingEvent]) -> list[Identity]:
    """The identities that ``told_apart`` has given: the ledger may know them too."""
    return [after.identity for before, after in zip(events, apart, strict=True) if before is not after]


def _repeats_known(raw: bytes, known: KnownEvent) -> bool:
    if known.raw is not None and raw == known.raw:
        return True
    whole = orjson.loads(known.data).get("sha256")  # of a refused event that is not kept whole
    if whole is not None:
        return bool(hashlib.sha256(raw).hexdigest() == whole)
    return known.raw is None or _same(raw, known.raw)


def _same(raw: bytes, other: bytes) -> bool:
    return raw == other or _members(raw) == _members(other) is not None


def _members(raw: bytes) -> dict[str, object] | None:
    try:
        return {name: value for name, value in decode(raw).items() if name not in SET_ANEW}
    except Refusal:
        return None
