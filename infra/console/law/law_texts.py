"""The texts that a ledger knows, each by the hash of its bytes: adopted, proposed, and shipped with the program."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from events.store.journal import schemes as scheme_table
from infra.console.errors import NotFound
from policies.loader import load_directory
from policies.scheme import Scheme
from policies.supervision.text import SupervisionText, built_in
from processors.delivery.names import INTAKE_JOURNAL
from processors.law.pinned_schemes import load_pinned
from processors.proposals.journal import TextProposal, load_proposals
from processors.supervision.adoption import AdoptedSupervision, adopted_texts

SchemeState = Literal["in_force", "former", "proposed", "shipped"]
STATE_NAMES: Mapping[str, str] = {
    "in_force": "在用",
    "former": "曾用",
    "proposed": "待采用",
    "shipped": "内置，未采用",
}


@dataclass(frozen=True, slots=True)
class KnownScheme:
    """A scheme's text, and who adopted it when; ``former`` was replaced by a later text of its name."""

    scheme: Scheme
    state: SchemeState
    adopted_at: datetime | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class KnownTexts:
    """All texts by hash, in the order of adoption; then what is proposed, then what is only shipped."""

    schemes: Mapping[str, KnownScheme]
    supervision: Mapping[str, SupervisionText]
    adopted_supervision: tuple[AdoptedSupervision, ...]
    proposals: Mapping[int, TextProposal]

    def scheme(self, content_hash: str) -> KnownScheme:
        """A scheme's text. Raises ``NotFound``."""
        if content_hash not in self.schemes:
            raise NotFound(f"没有指纹为 {content_hash[:16]} 的政策文本。No text of a scheme has that hash")
        return self.schemes[content_hash]

    def text(self, content_hash: str) -> Scheme | SupervisionText:
        """A text of either kind. Raises ``NotFound``."""
        found = self.supervision.get(content_hash)
        return found if found is not None else self.scheme(content_hash).scheme

    def in_force(self, name: str) -> Scheme | None:
        """The scheme in force of a name."""
        found = [each.scheme for each in self.schemes.values() if each.state == "in_force" and each.scheme.name == name]
        return found[0] if found else None

    def supervision_before(self, text: SupervisionText) -> SupervisionText:
        """The text that one follows: the last one adopted of its name, else the built-in one."""
        same = [each.text for each in self.adopted_supervision if each.text.name == text.name]
        others = [each for each in same if each.content_hash != text.content_hash and each.version < text.version]
        return others[-1] if others else built_in()


async def known_texts(engine: AsyncEngine) -> KnownTexts:
    """All texts that a ledger knows."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(scheme_table, entries.c.recorded_at, entries.c.data)
            .join(entries, (entries.c.journal == INTAKE_JOURNAL) & (entries.c.number == scheme_table.c.adopted))
            .order_by(scheme_table.c.adopted)
        )
        adopted = rows.all()
        texts = tuple(await adopted_texts(connection))
        proposals = (await load_proposals(connection)).proposals
    latest = {row.name: row.hash for row in adopted}
    known: dict[str, KnownScheme] = {}
    for row in adopted:
        state: SchemeState = "in_force" if latest[row.name] == row.hash else "former"
        actor: Any = orjson.loads(row.data).get("actor")
        known[row.hash] = KnownScheme(load_pinned(bytes(row.text), row.name), state, row.recorded_at, actor)
    supervised = {text.content_hash: text for text in (built_in(), *(each.text for each in texts))}
    for each in proposals.values():
        if each.state == "proposed" and each.kind == "scheme":
            known.setdefault(
                each.hash, KnownScheme(load_pinned(each.text, each.name), "proposed", None, each.proposer.actor)
            )
        elif each.state == "proposed":
            supervised.setdefault(each.hash, each.supervision())
    for scheme in _shipped():
        known.setdefault(scheme.content_hash, KnownScheme(scheme, "shipped"))
    return KnownTexts(known, supervised, texts, proposals)


@cache
def _shipped() -> tuple[Scheme, ...]:
    """The program's own texts, which stay as they are while it runs."""
    return tuple(load_directory())
