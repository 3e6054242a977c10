"""What the ledger learnt of a person and when, with what each fact brought about: causes linked both ways."""

from dataclasses import dataclass, field
from datetime import datetime

from events import facts
from processors.person.history import AcceptanceEntry, FactEntry, PersonHistory, RunEntry, StatementEntry


@dataclass(frozen=True, slots=True)
class Effect:
    """A settlement that followed from a fact: of a claim, its revision, and by how much the payers' part moved, fen."""

    claim_id: str
    revision: int
    moved: int


@dataclass(slots=True)
class Learnt:
    """A fact: ``number`` is its entry in ``intake``, ``actor`` who stated it where that is said.

    ``claim_id`` is the claim that it tells or is about; ``replaced_by`` the fact that took its place, by number.
    """

    number: int
    at: datetime
    type: str
    source: str
    event_id: str
    actor: str | None
    claim_id: str | None
    reason: str | None
    replaced_by: int | None = None
    effects: list[Effect] = field(default_factory=list)


def learnt_of(history: PersonHistory) -> list[Learnt]:
    """Every fact of a history in the order recorded, but those about claims behind its day."""
    on = history.on
    behind = {claim.claim_id for claim in history.claims if on is not None and claim.date > on}
    told_facts = [_learnt(entry) for entry in history.facts()]
    found = {fact.number: fact for fact in told_facts if fact.claim_id not in behind}
    told: dict[str, int] = {}
    for each in found.values():
        if each.claim_id is None:
            continue
        if each.type in _REPLACING and each.claim_id in told:
            found[told[each.claim_id]].replaced_by = each.number
        if each.type in _REPLACING or each.claim_id not in told:
            told[each.claim_id] = each.number
    _add_effects(history, found, behind)
    return list(found.values())


_REPLACING = frozenset({"claim.corrected.v1", "claim.reversed.v1"})


def _add_effects(history: PersonHistory, found: dict[int, Learnt], behind: set[str]) -> None:
    accepted: dict[str, int] = {}
    paid: dict[str, int] = {}
    for entry in history.entries:
        if isinstance(entry, AcceptanceEntry) and entry.acceptance.fact is not None:
            accepted[entry.claim.claim_id] = entry.acceptance.fact
        if not isinstance(entry, StatementEntry) or entry.claim_id in behind:
            continue
        statement = entry.statement
        number = _cause(entry, accepted)
        if number in found:
            moved = statement.paid - paid.get(statement.claim_id, 0)
            found[number].effects.append(Effect(statement.claim_id, statement.revision, moved))
        paid[statement.claim_id] = statement.paid


def _cause(entry: RunEntry, accepted: dict[str, int]) -> int:
    return accepted.get(entry.claim_id, 0) if entry.cause is None else entry.cause.number


def _learnt(entry: FactEntry) -> Learnt:
    fact, data = entry.fact, entry.fact.data
    actor = fact.extensions.get("actor")
    reason = data.document if isinstance(data, facts.AidDecided) else getattr(data, "reason", None)
    return Learnt(
        entry.number,
        entry.recorded_at,
        fact.type,
        fact.source,
        fact.id,
        None if actor is None else str(actor),
        getattr(data, "claim_id", None),
        reason,
    )
