"""What two views of one person's history differ in: as known at two moments, or as true on two days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from processors.person.history import PersonHistory
from processors.person.recalculation import differing
from processors.person.statement import Statement


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value on both sides, None where there is none; ``name`` is a field's, or ``layer:`` and a layer's code.

    Whole numbers are fen, but in ``revision`` and ``claims``; texts are texts, tuples hold codes.
    """

    name: str
    before: Any
    after: Any

    @property
    def moved(self) -> int | None:
        """The difference, where both sides are fen; what is absent counts as nothing."""
        if self.name in COUNTS or not isinstance(self.before or 0, int) or not isinstance(self.after or 0, int):
            return None
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """What changed about one thing: ``kind`` is ``person``, ``claim``, ``accumulation``, ``grant`` or ``premium``."""

    kind: str
    subject: tuple[Any, ...]
    values: list[ValueChange]


COUNTS = frozenset({"revision", "claims"})

_Values = Mapping[str, Any]


def changed_between(before: PersonHistory, after: PersonHistory) -> list[SubjectChange]:
    """What of categories, statements, accumulations, grants and premiums is not the same on both sides."""
    held = SubjectChange("person", (after.person_id,), _values(_person(before), _person(after)))
    return [
        *([held] if held.values else ()),
        *_changes("claim", _statements(before), _statements(after)),
        *_changes("accumulation", _accumulations(before), _accumulations(after)),
        *_changes("grant", _grants(before), _grants(after)),
        *_changes("premium", _premiums(before), _premiums(after)),
    ]


def _changes(
    kind: str, before: Mapping[tuple[Any, ...], _Values], after: Mapping[tuple[Any, ...], _Values]
) -> Iterable[SubjectChange]:
    for subject, one, other in differing(before, after):
        yield SubjectChange(kind, subject, _values(one or {}, other or {}))


def _values(before: _Values, after: _Values) -> list[ValueChange]:
    names = dict.fromkeys((*before, *after))
    sides = [(name, before.get(name), after.get(name)) for name in names]
    return [ValueChange(name, one, other) for name, one, other in sides if one != other and (one or other)]


def _person(history: PersonHistory) -> _Values:
    return {"categories": history.categories}


def _statements(history: PersonHistory) -> dict[tuple[Any, ...], _Values]:
    return {(each.claim_id,): _statement(each) for each in history.statements}


def _statement(each: Statement) -> _Values:
    """Layers by code; a path may name one twice."""
    layers: dict[str, int] = {}
    for layer, paid in each.layers:
        layers[f"layer:{layer}"] = layers.get(f"layer:{layer}", 0) + paid
    return {
        "status": each.status,
        "revision": each.revision,
        "scheme": each.scheme,
        "categories": each.categories,
        "total": each.total,
        **layers,
        "hospital_share": each.hospital_share,
        "patient_share": each.patient_share,
        "payee": each.payee,
    }


def _accumulations(history: PersonHistory) -> dict[tuple[Any, ...], _Values]:
    return {
        key: {"base": used.base, "deductible": used.deductible, "paid": used.paid, "claims": used.claims}
        for key, used in history.counted()
    }


def _grants(history: PersonHistory) -> dict[tuple[Any, ...], _Values]:
    return {grant.key: {"amount": grant.amount, "claim_id": grant.claim_id} for grant in history.grants}


def _premiums(history: PersonHistory) -> dict[tuple[Any, ...], _Values]:
    return {each.key: {"amount": each.amount, "category": each.category} for each in history.premiums}
