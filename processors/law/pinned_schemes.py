"""The schemes that claims are pinned to, by hash, read from the ledger once."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import RESIDENT
from events.store.journal import adopted_schemes, scheme_texts
from policies.loader import SchemeError, load_text
from policies.scheme import Scheme
from policies.vocabulary import SHARED, Vocabulary


@lru_cache(maxsize=256)
def load_pinned(text: bytes, name: str) -> Scheme:
    """A scheme from its text, parsed once for all consumers of the process. Raises ``SchemeError``."""
    try:
        return load_text(text, name)
    except SchemeError:
        raise
    except Exception as error:
        # A fault of the program that one text meets parks the runs that are pinned to it; it must not stop a lane.
        raise SchemeError([f"{name}: can't be loaded: {error!r}"]) from error


class PinnedSchemes:
    """Loaded schemes by content hash. A text that no longer matches its hash is never used."""

    def __init__(self) -> None:
        self.by_hash: dict[str, Scheme] = {}
        self.current: list[Scheme] = []
        self._adopted: list[tuple[str, str]] = []
        self._paths: dict[str, tuple[str, ...]] = {}
        self._serving: dict[str, list[Scheme]] = {}
        self._terms: dict[str, Vocabulary] = {}
        self._unusable: dict[str, Exception] = {}

    @property
    def any_spans_layers(self) -> bool:
        """Whether a new claim may open a run over the claims before it."""
        return any(scheme.spans_layers for scheme in self.current)

    async def require(self, connection: AsyncConnection, hashes: Iterable[str]) -> Mapping[str, Scheme]:
        """All schemes loaded so far, those with the given hashes among them; raises ``LookupError`` for one unknown."""
        wanted = set(hashes)
        await self.load(connection, wanted)
        return self.loaded(wanted)

    async def load(self, connection: AsyncConnection, hashes: Iterable[str]) -> None:
        """Load schemes; ``loaded`` tells of those that can't be had."""
        self._unusable.clear()
        missing = sorted(set(hashes) - self.by_hash.keys())
        if not missing:
            return
        texts = await scheme_texts(connection, missing)
        for content_hash in missing:
            try:
                self.by_hash[content_hash] = _pinned(content_hash, texts)
            except (LookupError, SchemeError) as error:
                self._unusable[content_hash] = error

    def loaded(self, hashes: Iterable[str]) -> Mapping[str, Scheme]:
        """All schemes loaded so far; raises ``LookupError`` or ``SchemeError`` where one of the given can't be had."""
        missing = set(hashes) - self.by_hash.keys()
        if missing:
            first = min(missing)
            raise self._unusable.get(first) or LookupError(f"scheme {first} was not loaded")
        return self.by_hash

    async def refresh(self, connection: AsyncConnection) -> None:
        """See which schemes are in force: of each name the one adopted last."""
        adopted = await adopted_schemes(connection)
        if adopted != self._adopted:
            await self.require(connection, (content_hash for content_hash, _ in adopted))
            latest = {name: content_hash for content_hash, name in adopted}
            self.current = [self.by_hash[content_hash] for content_hash in latest.values()]
            self._adopted = adopted
            self._paths.clear()
            self._serving.clear()
            self._terms.clear()

    def for_region(self, region: str, day: date, insurance_type: str = RESIDENT) -> Scheme | None:
        """The scheme in force for a region's people on a day, by what they are insured as.

        Of several the one that names the region most closely.
        """
        if region not in self._serving:
            fitting = [scheme for scheme in self.current if scheme.fit(region)]
            self._serving[region] = sorted(fitting, key=lambda scheme: -scheme.fit(region))
        serving = (scheme for scheme in self._serving[region] if insurance_type in scheme.insurance_types)
        return next((scheme for scheme in serving if scheme.holds_on(day)), None)

    def all_for_region(self, region: str, day: date) -> list[Scheme]:
        """The schemes in force for a region's people on a day, residents' first: one for each insurance type served."""
        named = [code for scheme in self.current if scheme.fit(region) for code in scheme.insurance_types]
        serving = [self.for_region(region, day, code) for code in dict.fromkeys([RESIDENT, *sorted(named)])]
        return list({scheme.name: scheme for scheme in serving if scheme is not None}.values())

    def path_of(self, name: str) -> tuple[str, ...]:
        """The layers that a scheme's runs visit: those of the text in force, for a newer text only appends to them."""
        if name not in self._paths:
            self._paths = {scheme.name: scheme.path for scheme in self.current}
        return self._paths[name]

    def terms_of(self, region: str) -> Vocabulary:
        """The shared terms and those of the schemes in force within a region, a prefecture's or province's too."""
        if region not in self._terms:
            own = (scheme.vocabulary for scheme in self.current if scheme.is_within(region))
            self._terms[region] = SHARED.with_own(*own)
        return self._terms[region]


def _pinned(content_hash: str, texts: Mapping[str, tuple[str, bytes]]) -> Scheme:
    if content_hash not in texts:
        raise LookupError(f"no scheme with hash {content_hash} was adopted")
    name, text = texts[content_hash]
    if hashlib.sha256(text).hexdigest() != content_hash:
        raise LookupError(f"the text of scheme {name} does not match its hash {content_hash}")
    return load_pinned(text, name)
