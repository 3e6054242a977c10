"""The texts that a reform starts from: those that claims of the ledger are pinned to, or one that was adopted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import adopted_schemes
from policies.reform import ReformError, ReformFile
from policies.reformed_text import reformed, whole_text
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes
from projections.claims import claims

IN_FORCE = "in force"
"""What a reform calls all texts that claims are pinned to."""


class LawOfLedger(NamedTuple):
    """All texts that were adopted, by hash in the order of adoption, and those that claims are ``pinned`` to."""

    texts: Mapping[str, Scheme]
    pinned: frozenset[str]

    def under(self, name: str) -> list[Scheme]:
        """The texts of a name that claims are pinned to; where there are none yet, the one in force."""
        named = [text for text in self.texts.values() if name in (text.name, IN_FORCE)]
        held = [text for text in named if text.content_hash in self.pinned]
        return held or list({text.name: text for text in named}.values())


async def read_law(connection: AsyncConnection) -> LawOfLedger:
    """The texts of a ledger. Raises ``LookupError`` or ``SchemeError`` for one that can't be had."""
    adopted = dict.fromkeys(content_hash for content_hash, _ in await adopted_schemes(connection))
    pinned = {str(row[0]) for row in await connection.execute(select(claims.c.scheme).distinct())}
    loaded = await PinnedSchemes().require(connection, {*adopted, *pinned})
    return LawOfLedger({each: loaded[each] for each in dict.fromkeys((*adopted, *sorted(pinned)))}, frozenset(pinned))


def replacements(file: ReformFile, law: LawOfLedger, before: Mapping[str, Scheme]) -> dict[str, Scheme]:
    """By the hash of each text that claims of the reform's scheme are pinned to the text that stands in its place.

    A reform of a scheme's name changes each of its texts, one of a text's hash and a whole text take the place of all
    of them. ``before`` are the replacements that other reforms made before: this one goes on from them. Raises
    ``ReformError``.
    """
    whole = whole_text(file) or law.texts.get(file.reform.scheme)
    if whole is None:
        held = law.under(file.reform.scheme)
        if not held:
            raise ReformError([f"{file.file}:{file.lines.at(('scheme',))}: {_unknown(file.reform.scheme, law)}"])
        bases = [before.get(text.content_hash, text) for text in held]
        return {text.content_hash: after for text, after in zip(held, reformed(bases, file), strict=True)}
    if whole.name not in {text.name for text in law.texts.values()}:
        raise ReformError([f"{file.file}:{file.lines.at(('scheme',))}: {_unknown(whole.name, law)}"])
    (after,) = reformed([whole], file)
    return {text.content_hash: after for text in law.under(whole.name)}


def _unknown(name: str, law: LawOfLedger) -> str:
    known = "、".join(dict.fromkeys(text.name for text in law.texts.values()))
    return (
        f"账本中没有政策“{name}”，有：{known}；也可写 in force 或政策文本的哈希值 the ledger has no such scheme; it "
        "has those listed. A text's hash and `in force` may stand here too"
    )


def shipped_law(schemes: Sequence[Scheme]) -> LawOfLedger:
    """The law of a ledger that has adopted some schemes and has no claims."""
    return LawOfLedger({scheme.content_hash: scheme for scheme in schemes}, frozenset())
