"""The names of all terms of a ledger: the shared vocabulary, and what the schemes that it adopted have added.

A process serves one ledger. What stands here is for people: no decision is taken by it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.loader import SchemeError
from policies.scheme import Scheme
from policies.vocabulary import SHARED, Term, Vocabulary
from processors.delivery.names import INTAKE_CONSUMER, SETTLEMENT_CONSUMER
from processors.law.pinned_schemes import PinnedSchemes, load_pinned

_NAMING = text("""
SELECT name, text FROM ledger.schemes WHERE position('vocabulary'::bytea IN text) > 0 ORDER BY adopted
""")
"""Texts that may add terms: of a ledger's texts few do, and only those are parsed."""


@dataclass(slots=True)
class _Ledger:
    terms: Vocabulary


_ledger = _Ledger(SHARED)


class TermNames(Mapping[str, str]):
    """The names of a kind's terms by code, of the ledger that was last learnt; an unknown code is its own name."""

    def __init__(self, kind: str, *, english: bool = False) -> None:
        self._kind = kind
        self._english = english

    def __getitem__(self, code: str) -> str:
        term = self._terms.get(code)
        if term is None:
            return code.replace("_", " ") if self._english else code
        return term.name_en if self._english else term.name

    def get(self, code: str, default: Any = None) -> Any:
        """The name of a term that is known, else the default."""
        return self[code] if self._terms.get(code) is not None else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._terms)

    def __len__(self) -> int:
        return len(self._terms)

    def __contains__(self, code: object) -> bool:
        return code in self._terms

    @property
    def _terms(self) -> Mapping[str, Term]:
        terms: Mapping[str, Term] = getattr(_ledger.terms, self._kind)
        return terms


class NameChain(Mapping[str, str]):
    """Words of ours, then terms by their code: the first that has a code names it."""

    def __init__(self, words: Mapping[str, str], *terms: TermNames) -> None:
        self._names = (words, *terms)

    def __getitem__(self, code: str) -> str:
        for names in self._names:
            if code in names:
                return names[code]
        raise KeyError(code)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(code for names in self._names for code in names))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, code: object) -> bool:
        return any(code in names for names in self._names)


DISEASE_NAMES = TermNames("diseases")
CATEGORY_NAMES = TermNames("categories")
LAYER_NAMES = TermNames("layers")
SETTING_NAMES = TermNames("settings")
FUND_NAMES = TermNames("funds")
INSURER_NAMES = TermNames("insurers")
GRANT_NAMES = TermNames("grants")


def terms_in_force() -> Vocabulary:
    """The terms of the ledger that was last learnt."""
    return _ledger.terms


def use_terms(terms: Vocabulary) -> None:
    """Let the texts that this process writes name these terms: those of a scheme that is in no ledger."""
    _ledger.terms = terms


@contextmanager
def terms_used(terms: Vocabulary) -> Iterator[None]:
    """Use terms within the block, which must not wait for anything: a process that serves several people at once goes
    on with the terms of the ledger."""
    before = terms_in_force()
    use_terms(terms)
    try:
        yield
    finally:
        use_terms(before)


async def learn_terms(connection: AsyncConnection) -> Vocabulary:
    """Learn the terms of a ledger, for the texts that this process writes; returns them."""
    use_terms(await ledger_terms(connection))
    return terms_in_force()


async def ledger_terms(connection: AsyncConnection) -> Vocabulary:
    """The shared terms and those of every text that was ever adopted; of a code that two name the later counts."""
    found = [(row.name, row.text) for row in await connection.execute(_NAMING)]
    return SHARED.with_own(*(scheme.vocabulary for scheme in _loaded(found)))


async def region_terms(connection: AsyncConnection, region: str) -> Vocabulary:
    """The terms that intake takes of the departments of a region."""
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    return pinned.terms_of(region)


async def ledger_layers(connection: AsyncConnection) -> tuple[str, ...]:
    """Every layer that may have booked anything: each has a consumer of its name."""
    return tuple((await ledger_terms(connection)).layers)


async def claim_consumers(connection: AsyncConnection) -> tuple[str, ...]:
    """Every consumer that claims pass: intake, the layers, settlement."""
    return INTAKE_CONSUMER, *await ledger_layers(connection), SETTLEMENT_CONSUMER


def _loaded(texts: Sequence[tuple[str, bytes]]) -> Iterable[Scheme]:
    """The schemes of some texts; one that can't be used names nothing (``claims verify`` says what is wrong)."""
    for name, content in texts:
        try:
            yield load_pinned(content, name)
        except SchemeError:
            continue
