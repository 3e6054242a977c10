"""The hash chain of a journal: each entry's hash covers its content and the hash before it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

GENESIS = bytes(32)
"""The hash before a journal's first entry."""


def entry_hash(previous: bytes, entry: Sequence[Any]) -> bytes:
    """sha256 over the previous hash, the entry's columns in their fixed order, its data and its raw bytes.

    ``entry`` is a row of ``ledger.entries``, in the order of its columns; a hash at its end is not looked at. Lengths
    stand before the two byte strings so that no content can slide from one into the other.
    """
    data: bytes = entry[_DATA]
    given: bytes | None = entry[_DATA + 1]
    raw = given or b""
    columns = (*entry[:3], _instant(entry[3]), *entry[4:_DATA], given is not None, len(data), len(raw))
    return hashlib.sha256(previous + orjson.dumps(columns) + data + raw).digest()


_DATA = 21
"""Place of ``data`` among the columns; ``raw`` and ``hash`` follow."""


@lru_cache(maxsize=64)
def _instant(recorded_at: datetime) -> str:
    return recorded_at.astimezone(UTC).isoformat()
