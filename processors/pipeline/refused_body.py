"""How much of a refused event is kept: whole where it is small, else its digest and its head; never a national ID."""

import hashlib
from typing import NamedTuple

from events.national_ids import may_hold_national_id, redacted, unescaped

WHOLE_BYTES = 16_384
"""Up to this size a refused event is kept whole: several times what any event needs."""
HEAD_BYTES = 2_048
"""So much is kept of the beginning of a larger one, or of one that holds a national ID."""
_LONGEST_NUMBER = 128
"""Bytes beyond a head that a number cut in two by its end may reach."""


class RefusedBody(NamedTuple):
    """The bytes to keep, and what is told of those that are not: ``sha256`` and ``bytes`` of the whole; else nothing.

    ``has_national_id`` says that stars stand for a number in ``raw``.
    """

    raw: bytes
    told: dict[str, object]
    has_national_id: bool = False


def refused_body(raw: bytes, *, has_national_id: bool) -> RefusedBody:
    """What is kept of a refused event. ``has_national_id`` says that one was found; otherwise one is looked for."""
    head = raw[: (WHOLE_BYTES if len(raw) <= WHOLE_BYTES else HEAD_BYTES + _LONGEST_NUMBER)]
    text = unescaped(head.decode(errors="replace"))
    has_national_id = has_national_id or may_hold_national_id(text)
    if not has_national_id and len(raw) <= WHOLE_BYTES:
        return RefusedBody(raw, {})
    told: dict[str, object] = {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    if not has_national_id:
        return RefusedBody(raw[:HEAD_BYTES], told)
    kept = redacted(text).encode(errors="replace")[:HEAD_BYTES]
    return RefusedBody(kept, told, has_national_id=True)
