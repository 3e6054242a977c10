"""The schemes that claims are pinned to, by hash, read from the ledger once."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import SCHEME_ADOPTED
from events.store.journal import Journal, adopted_schemes, scheme_texts
from events.store.journal import schemes as scheme_table
from policies.loader import SchemeError, check_together, load_text
from policies.scheme import Scheme


@lru_cache(maxsize=256)
def load_pinned(text: bytes, name: str) -> Scheme:
    """A scheme from its text, parsed once for all consumers of the process. Raises ``SchemeError``."""
    return load_text(text, name)


class PinnedSchemes:
    """Loaded schemes by content hash. A text that no longer matches its hash is never used."""

    def __init__(self) -> None:
        self.by_hash: dict[str, Scheme] = {}
        self.current: list[Scheme] = []
        self._adopted: list[tuple[str, str]] = []
        self._serving: dict[str, list[Scheme]] = {}

    async def require(self, connection: AsyncConnection, hashes: Iterable[str]) -> Mapping[str, Scheme]:
        """All schemes loaded so far, those with the given hashes among them; raises ``LookupError`` for one unknown."""
        missing = set(hashes) - self.by_hash.keys()
        if missing:
            texts = await scheme_texts(connection, sorted(missing))
            for content_hash in sorted(missing):
                if content_hash not in texts:
                    raise LookupError(f"no scheme with hash {content_hash} was adopted")
                name, text = texts[content_hash]
                if hashlib.sha256(text).hexdigest() != content_hash:
                    raise LookupError(f"the text of scheme {name} does not match its hash {content_hash}")
                self.by_hash[content_hash] = load_pinned(text, name)
        return self.by_hash

    async def refresh(self, connection: AsyncConnection) -> None:
        """See which schemes are in force: of each name the one adopted last."""
        adopted = await adopted_schemes(connection)
        if adopted != self._adopted:
            await self.require(connection, (content_hash for content_hash, _ in adopted))
            latest = {name: content_hash for content_hash, name in adopted}
            self.current = [self.by_hash[content_hash] for content_hash in latest.values()]
            self._adopted = adopted
            self._serving.clear()

    def for_region(self, region: str, day: date) -> Scheme | None:
        """The scheme in force for a region's people on a day: of several the one that names the region most closely."""
        if region not in self._serving:
            fitting = [scheme for scheme in self.current if scheme.fit(region)]
            self._serving[region] = sorted(fitting, key=lambda scheme: -scheme.fit(region))
        return next((scheme for scheme in self._serving[region] if scheme.holds_on(day)), None)


async def adopt(connection: AsyncConnection, journal: Journal, offered: Sequence[Scheme], actor: str) -> list[Scheme]:
    """Adopt schemes whose text is not in force: pins the text and notes ``scheme.adopted.v1``; returns the adopted.

    Refuses (``SchemeError``) a scheme that serves what another already does, or that changes the path of its name.
    """
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    in_force = {scheme.name: scheme for scheme in pinned.current}
    adopted = []
    for scheme in offered:
        known = in_force.get(scheme.name)
        if known is not None and known.content_hash == scheme.content_hash:
            continue
        if known is not None and known.path != scheme.path:
            ways = f"{' → '.join(known.path)}; {' → '.join(scheme.path)}"
            raise SchemeError([f"{scheme.name}: the path of its layers is fixed, another needs a new name: {ways}"])
        if known is not None and known.tracks != scheme.tracks:
            raise SchemeError([f"{scheme.name}: its tracks, and whether a cap is by class, are fixed: {known.tracks}"])
        if scheme.content_hash in pinned.by_hash:
            raise SchemeError([f"{scheme.name}: this text was in force before; change it (a comment will do)"])
        in_force[scheme.name] = scheme
        check_together(list(in_force.values()))
        data = {"name": scheme.name, "hash": scheme.content_hash, "title": scheme.title, "actor": actor}
        number = journal.append(SCHEME_ADOPTED, data, scheme=scheme.name, raw=scheme.text)
        await connection.execute(
            insert(scheme_table).values(hash=scheme.content_hash, name=scheme.name, text=scheme.text, adopted=number)
        )
        adopted.append(scheme)
    return adopted
