"""Which persons another text can settle otherwise. Of all others the fold is the same, and is not made twice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from policies.claim import Claim
from policies.engine import Schemes
from policies.scheme import Scheme
from policies.values import Circumstances, Parameter, located_parameters

_DECIDES_NO_CLAIM = frozenset(
    {
        "title",
        "title_en",
        "document",
        "grants",
        "premiums",
        "funds",
        "supplementary_account",
        "fund_accounts",
        "targets",
        "administration",
        "published",
    }
)
"""Fields of a text that no layer's decision reads. Grants are compared by themselves."""


@dataclass(frozen=True)
class TextReach:
    """Tells the claims that the text ``after`` may settle otherwise than ``before``.

    Where the two have the same shape, a claim's payouts can differ only where one of the values that it meets differs,
    and every value is found by the claim's circumstances alone, for limits by each of its diseases. Where the shape
    differs, every claim may differ.
    """

    before: Scheme
    after: Scheme
    known: dict[tuple[Circumstances, Circumstances, tuple[str, ...]], bool] = field(default_factory=dict)

    @cached_property
    def changed(self) -> list[str]:
        """The value tables that are not the same."""
        was, now = self.before.parameters, self.after.parameters
        tables = [path for path in was if re.split(r"[.\[]", path, maxsplit=1)[0] not in _DECIDES_NO_CLAIM]
        return [path for path in tables if path not in now or was[path].root != now[path].root]

    @cached_property
    def same_shape(self) -> bool:
        """Whether the texts are the same but for the rows of their value tables."""
        return _shape(self.before) == _shape(self.after)

    @cached_property
    def granted_for(self) -> frozenset[str]:
        """The diseases of grants, where the texts do not grant the same."""
        if self.before.grants == self.after.grants:
            return frozenset()
        return frozenset(code for text in (self.before, self.after) for grant in text.grants for code in grant.diseases)

    def touches(self, claim: Claim) -> bool:
        """Whether a claim may be settled, or bring about a grant, otherwise. Its number as a stay must be known."""
        if self.before.content_hash == self.after.content_hash or not claim.standing:
            return False
        if not self.same_shape or claim.disease in self.granted_for:
            return True
        if not self.changed:
            return False
        key = self.before.circumstances(claim), self.after.circumstances(claim), claim.card_diseases
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = any(self._differs(path, *key) for path in self.changed)
        return found

    def _differs(self, path: str, was: Circumstances, now: Circumstances, diseases: Sequence[str]) -> bool:
        sides = (self.before.parameters[path], was), (self.after.parameters[path], now)
        for disease in dict.fromkeys((was.disease, *diseases)):
            try:
                old, new = (_value(table, replace(met, disease=disease)) for table, met in sides)
            except LookupError:  # two values hold: the fold says so
                return True
            if old != new:
                return True
        return False


def _value(table: Parameter[Any], circumstances: Circumstances) -> tuple[object, ...]:
    found = table.find(circumstances)
    return () if found is None else (found.value,)


def reaches(texts: Mapping[str, str], schemes: Schemes) -> dict[str, TextReach]:
    """By hash of a text its comparison with the one that stands in its place."""
    return {before: TextReach(schemes[before], schemes[after]) for before, after in texts.items()}


def _shape(scheme: Scheme) -> dict[str, Any]:
    """What a text says of settling, without its value tables."""
    said = scheme.model_dump(exclude=set(_DECIDES_NO_CLAIM))
    for path, _ in located_parameters(scheme, ()):
        if path[0] not in _DECIDES_NO_CLAIM:
            _blank(said, path)
    return said


def _blank(said: Any, path: Iterable[str | int]) -> None:
    *outer, last = path
    for part in outer:
        said = said[part]
    said[last] = "a table"  # where one text has none, its shape is another
