"""The hash chain of a journal: each entry's hash covers its content and the hash before it."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

GENESIS = bytes(32)
"""The hash before a journal's first entry."""


def entry_hash(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """sha256 over the previous hash, the entry's columns in their fixed order, its data and its raw bytes.

    ``entry`` is a row of ``ledger.entries`` without its hash; lengths stand before the two byte strings so that no
    content can slide from one into the other.
    """
    data: bytes = entry["data"]
    raw: bytes = entry["raw"] or b""
    recorded_at: datetime = entry["recorded_at"]
    header = orjson.dumps(
        [
            entry["journal"],
            entry["number"],
            entry["type"],
            recorded_at.astimezone(UTC).isoformat(),
            entry["source"],
            entry["event_id"],
            entry["stream_seq"],
            entry["person_id"],
            entry["claim_id"],
            entry["claim_number"],
            entry["run"],
            entry["stage"],
            entry["year"],
            entry["scheme"],
            entry["layer"],
            entry["track"],
            entry["ran"],
            entry["base"],
            entry["deductible"],
            entry["paid"],
            entry["extra"],
            entry["raw"] is not None,
            len(data),
            len(raw),
        ]
    )
    return hashlib.sha256(b"".join((previous, header, data, raw))).digest()
