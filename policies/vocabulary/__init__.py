"""The vocabulary: codes of diseases, categories, layers, settings, funds, grants and insurers, with their names.

The files beside this one are shared by all schemes; a scheme may add terms of its own (docs/schemes.md#vocabulary). The
names of all terms of one ledger are ``processors.law.terms``.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

from events.codes import CODE_PATTERN
from policies.yaml_text import read

FOLDER = Path(__file__).parent
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
_ICD10 = r"^[A-Z][0-9]{2}(\.[0-9]{1,2})?(-[A-Z][0-9]{2}(\.[0-9]{1,2})?)?$"
_Name = Annotated[str, Field(min_length=1, max_length=60)]


class Term(BaseModel):
    """What a code is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    name_en: _Name


class DiseaseTerm(Term):
    """A disease. ``icd10``: where it is found in ICD-10. ``national``: its code in the national list of 门诊慢特病."""

    icd10: tuple[Annotated[str, Field(pattern=_ICD10)], ...] = ()
    national: Annotated[str, Field(pattern=r"^M[0-9]{5}$")] | None = None

    @property
    def icd10_text(self) -> str | None:
        """The headings of ICD-10 as one text; None where there is none."""
        return ", ".join(self.icd10) or None


class CategoryTerm(Term):
    """A category of people. ``synonyms``: what departments' lists call it beside its name."""

    synonyms: tuple[_Name, ...] = ()


class PaidTerm(Term):
    """A layer or a kind of grant. ``fund``: out of which it is paid."""

    fund: Code


class OwnVocabulary(BaseModel):
    """What a scheme adds to the shared terms, by code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    diseases: dict[Code, DiseaseTerm] = Field(default_factory=dict)
    categories: dict[Code, CategoryTerm] = Field(default_factory=dict)
    layers: dict[Code, PaidTerm] = Field(default_factory=dict)
    funds: dict[Code, Term] = Field(default_factory=dict)
    insurers: dict[Code, Term] = Field(default_factory=dict)

    def terms(self) -> Iterable[tuple[str, str, Term]]:
        """Every term with its kind and code."""
        return ((kind, code, term) for kind in KINDS for code, term in getattr(self, kind).items())


KINDS = tuple(OwnVocabulary.model_fields)
"""The kinds of terms that a scheme may add to."""


class Vocabulary(OwnVocabulary):
    """Terms that are known somewhere, by code and in order; settings and grants are the same everywhere."""

    settings: dict[Code, Term] = Field(default_factory=dict)
    grants: dict[Code, PaidTerm] = Field(default_factory=dict)

    @cached_property
    def category_words(self) -> Mapping[str, str]:
        """What a department's list may call a category: its code, its name, or what people call it."""
        called = {name: code for code, term in self.categories.items() for name in (*term.synonyms, term.name)}
        return called | {code: code for code in self.categories}

    def with_own(self, *added: OwnVocabulary) -> "Vocabulary":
        """These terms and those of schemes behind them. Where a scheme names a code anew, its own name counts."""
        own = [each for each in added if any(getattr(each, kind) for kind in KINDS)]
        if not own:
            return self
        merged = {kind: dict(getattr(self, kind)) for kind in KINDS}
        for each in own:
            for kind, code, term in each.terms():
                merged[kind][code] = term
        together: dict[str, Any] = {**merged, "settings": self.settings, "grants": self.grants}
        return Vocabulary.model_construct(**together)  # every part was validated where it was read


def _shared() -> Vocabulary:
    kinds = Vocabulary.model_fields
    return Vocabulary.model_validate({kind: read((FOLDER / f"{kind}.yaml").read_bytes())[0] for kind in kinds})


SHARED = _shared()
CATEGORY_ORDER = tuple(SHARED.categories)
"""Where values differ by category, the first of these that a person holds and that has a value counts, unless a scheme
states another order."""
DISEASES = tuple(SHARED.diseases)
LAYERS = tuple(SHARED.layers)
SETTING_NAMES = {code: term.name for code, term in SHARED.settings.items()}


_LAYER_PLACES = {layer: place for place, layer in enumerate(LAYERS)}


def layer_place(layer: str) -> tuple[int, str]:
    """Where a layer stands among others: the shared ones in their order, then those of schemes by code."""
    return _LAYER_PLACES.get(layer, len(LAYERS)), layer


def in_layer_order(layers: Iterable[str]) -> list[str]:
    """Layers as they are shown one beside the other."""
    return sorted(layers, key=layer_place)


def named(terms: Mapping[str, Term]) -> dict[str, str]:
    """The Chinese names of terms by code."""
    return {code: term.name for code, term in terms.items()}


def stated(text: Any) -> dict[str, frozenset[str]]:
    """By kind the codes that a scheme's text may use, before it is validated: shared ones and those that it adds."""
    own = text.get("vocabulary") if isinstance(text, dict) else None
    own = own if isinstance(own, dict) else {}
    return {
        kind: frozenset(getattr(SHARED, kind)) | frozenset(own[kind] if isinstance(own.get(kind), dict) else ())
        for kind in KINDS
    }


def known(kind: str, value: object, info: ValidationInfo) -> bool:
    """Whether a value of a scheme's text is a code of a kind; ``info.context`` is what ``stated`` gave of the text."""
    codes = info.context[kind] if info.context is not None else getattr(SHARED, kind)
    return isinstance(value, str) and value in codes
