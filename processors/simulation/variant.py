"""A variant of the law to fold persons under: which texts stand in place of those that claims are pinned to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from msgspec import structs

from policies.claim import Claim
from policies.engine import Schemes
from policies.scheme import Scheme
from policies.values import Circumstances, Parameter

_OF_CLAIMS = ("stages[", "limits[", "case_quota.")
"""What the values of claims' rules are called by; others decide no claim."""


@dataclass(frozen=True)
class Variant:
    """``texts`` gives for the hash of a text the one that stands in its place, for claims dated from ``since`` until
    ``until`` (exclusive)."""

    name: str
    texts: Mapping[str, Scheme]
    since: date = date.min
    until: date = date.max

    def moved(self, claims: Sequence[Claim]) -> list[Claim]:
        """A person's claims, each under the text that it would be settled under."""
        return [self._moved(claim) for claim in claims]

    def _moved(self, claim: Claim) -> Claim:
        text = self.texts.get(claim.scheme)
        if text is None or not self.since <= claim.date < self.until:
            return claim
        return structs.replace(claim, scheme=text.content_hash)

    def with_texts(self, schemes: Schemes) -> Schemes:
        """All texts by hash, those of the variant among them."""
        return {**schemes, **{text.content_hash: text for text in self.texts.values()}}


@dataclass(frozen=True)
class TextDifference:
    """Tells the claims that another text may settle otherwise from those that it can't: of these the fold is the same.

    Where the two texts have the same shape, a claim's payouts differ only if one of the values that it meets differs;
    every value is found by the circumstances of a claim alone. Where the shape differs, every claim may differ.
    """

    before: Scheme
    after: Scheme
    known: dict[tuple[object, ...], bool] = field(default_factory=dict)

    @cached_property
    def _changed(self) -> list[str]:
        was, now = self.before.parameters, self.after.parameters
        return [path for path in was if path.startswith(_OF_CLAIMS) and was[path].root != now[path].root]

    @cached_property
    def _same_shape(self) -> bool:
        return _shape(self.before) == _shape(self.after)

    @cached_property
    def touches_grants(self) -> bool:
        """Whether the grants that the texts offer are not the same."""
        return self.before.grants != self.after.grants

    def touches(self, claim: Claim) -> bool:
        """Whether the claim may be settled otherwise."""
        if self.before is self.after or not claim.standing:
            return False
        if not self._same_shape:
            return True
        if not self._changed:
            return False
        met = self.before.circumstances(claim), self.after.circumstances(claim)
        key = (*met, claim.setting, claim.insurance_type, claim.stay_kind, claim.disease, claim.card_diseases)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = any(_differs(self.before, self.after, path, met) for path in self._changed)
        return found


def _differs(before: Scheme, after: Scheme, path: str, met: tuple[Circumstances, Circumstances]) -> bool:
    sides = (before.parameters[path], after.parameters[path])
    try:
        was, now = (_value(parameter, circumstances) for parameter, circumstances in zip(sides, met, strict=True))
    except LookupError:
        return True  # two values hold: the fold says so
    return was != now


def _value(parameter: Parameter[object], circumstances: Circumstances) -> tuple[object, ...]:
    found = parameter.find(circumstances)
    return () if found is None else (found.value,)


def _shape(scheme: Scheme) -> object:
    """The text without its values: what decides which case settles a claim, and how."""
    said = scheme.model_dump(mode="python", by_alias=True)
    return _without_rows(scheme, said)


def _without_rows(scheme: Scheme, said: dict[str, object]) -> dict[str, object]:
    for name in ("grants", "premiums", "funds", "supplementary_account", "fund_accounts", "targets", "administration"):
        said.pop(name, None)
    for name in ("published", "title", "title_en", "document", "vocabulary"):
        said.pop(name, None)
    _blank(said, {id(parameter.root) for parameter in scheme.parameters.values()})
    return said


def _blank(part: object, _rows: Iterable[int]) -> None:
    """Put nothing in place of every list of rows: lists of mappings with a value and a grade."""
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, list) and value and all(isinstance(row, dict) and "value" in row for row in value):
                part[name] = None
            else:
                _blank(value, _rows)
    elif isinstance(part, list | tuple):
        for item in part:
            _blank(item, _rows)


Progress = Callable[[int], None]
