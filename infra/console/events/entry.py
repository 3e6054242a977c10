"""An entry of the ledger as a page shows it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from events.catalog import FACTS
from infra.person_file.names import FACTS as FACT_NAMES
from infra.terminal_text import visible, visible_json
from processors.delivery.names import INTAKE_JOURNAL
from processors.person.history import (
    AcceptanceEntry,
    GrantEntry,
    HistoryEntry,
    PayoutEntry,
    PersonHistory,
    PremiumEntry,
    StatementEntry,
)

_AMOUNTS = ("base", "deductible", "paid", "extra")
MOST_PERSONS = 20
_SENT_PERSON = re.compile(rb'"person_id"\s*:\s*"([^"\\]{1,200})"')


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """``raw`` is what was sent, ``data`` what was decided, as texts; ``persons`` whom it is about.

    ``cause`` is the number in ``intake`` of the fact that it follows from. ``amounts`` are differences in fen.
    """

    journal: str
    number: int
    type: str
    name: tuple[str, str]
    recorded_at: datetime
    source: str | None
    event_id: str | None
    claim_id: str | None
    run: int | None
    layer: str | None
    year: int | None
    persons: list[str]
    is_fact: bool
    cause: int | None
    cause_type: str | None
    amounts: dict[str, int]
    hash: str
    data: str
    raw: str


@dataclass(frozen=True, slots=True)
class Followed:
    """An entry that follows from another: ``moved`` is what a payer's part moved by, in fen, where it is one."""

    journal: str
    number: int
    at: datetime
    type: str
    person_id: str
    claim_id: str | None
    layer: str | None
    moved: int | None


def entry_of(row: Mapping[str, Any]) -> LedgerEntry:
    """A row of the ledger, whatever its data hold."""
    data = _json(row["data"])
    told = data if isinstance(data, dict) else {}
    cause = told.get("cause")
    number = cause.get("number") if isinstance(cause, dict) else None
    number = told.get("fact") if number is None else number
    is_fact = row["journal"] == INTAKE_JOURNAL and row["type"] in FACTS
    return LedgerEntry(
        journal=row["journal"],
        number=row["number"],
        type=row["type"],
        name=FACT_NAMES.get(row["type"], ("账目", row["type"])),
        recorded_at=row["recorded_at"],
        source=row["source"],
        event_id=row["event_id"],
        claim_id=row["claim_id"],
        run=row["run"],
        layer=row["layer"],
        year=row["year"],
        persons=_persons(row["person_id"], data, _sent(row["raw"])),
        is_fact=is_fact,
        cause=number if isinstance(number, int) else None,
        cause_type=cause.get("type") if isinstance(cause, dict) else None,
        amounts={name: row[name] for name in _AMOUNTS if row[name]},
        hash=bytes(row["hash"]).hex(),
        data=_pretty(row["data"]),
        raw="" if row["raw"] is None else _pretty(row["raw"]),
    )


def followed_from(history: PersonHistory, number: int) -> list[Followed]:
    """What was decided because of a fact: where it told a claim, that claim's acceptance and first settlement too."""
    first: set[str] = set()
    found = []
    for entry in history.entries:
        if isinstance(entry, AcceptanceEntry) and entry.acceptance.fact == number:
            first.add(entry.claim.claim_id)
            found.append(_followed(history, entry, entry.claim.claim_id, None, None))
        elif isinstance(entry, PremiumEntry) and entry.cause.number == number:
            found.append(_followed(history, entry, None, entry.premium.layer, entry.premium.amount))
        elif isinstance(entry, PayoutEntry | StatementEntry | GrantEntry) and (
            entry.claim_id in first if entry.cause is None else entry.cause.number == number
        ):
            layer = entry.layer if isinstance(entry, PayoutEntry) else None
            moved = entry.after - entry.before if isinstance(entry, PayoutEntry) else None
            found.append(_followed(history, entry, entry.claim_id, layer, moved))
    return found


def _followed(
    history: PersonHistory, entry: HistoryEntry, claim_id: str | None, layer: str | None, moved: int | None
) -> Followed:
    place = entry.journal, entry.number, entry.recorded_at, entry.type
    return Followed(*place, history.person_id, claim_id, layer, moved)


def _persons(person_id: str | None, *told: Any) -> list[str]:
    """Those whom an entry is about or names; of what is about more than twenty, such as a clearing, the first."""
    named = [person_id, *chain.from_iterable(map(_named, told))]
    return list(dict.fromkeys(each for each in named if isinstance(each, str) and each))[:MOST_PERSONS]


def _sent(raw: bytes | None) -> Any:
    """What was sent. A refused event may be cut off, or no JSON: then whom its bytes name."""
    sent = None if raw is None else _json(raw)
    return sent or {"persons": [found.decode(errors="replace") for found in _SENT_PERSON.findall(bytes(raw or b""))]}


def _named(told: Any) -> Iterator[Any]:
    """Values under the names of persons, however deep they stand."""
    if isinstance(told, list):
        for each in told:
            yield from _named(each)
    if not isinstance(told, dict):
        return
    if told.get("subject_kind") == "person":
        yield told.get("subject_id")
    for name, value in told.items():
        if name == "person_id":
            yield value
        elif name in ("persons", "person_ids") and isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))
        yield from _named(value)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(bytes(content))
    except ValueError:
        return None


_TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s"{}\[\],:]+')


def indented(text: str) -> str:
    """A JSON text on lines, each word of it as it was written: amounts, escapes, and names that stand twice."""
    lines, depth, before = [""], 0, ""
    for word in _TOKENS.findall(text):
        closes = word in ("}", "]")
        depth -= closes
        if before in ("{", "[", ",") if not closes else before not in ("{", "["):
            lines.append("  " * depth)
        lines[-1] += ": " if word == ":" else word
        depth += word in ("{", "[")
        before = word
    return "\n".join(lines)


def _pretty(content: bytes) -> str:
    """JSON on lines, what can't be seen of it written as escapes; anything else as a visible text."""
    text = bytes(content).decode(errors="replace")
    return visible(text) if _json(content) is None else indented(visible_json(text))
