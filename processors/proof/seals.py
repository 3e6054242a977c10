"""Seals: every journal's head, noted in a journal of its own and kept elsewhere too.

A hash chain shows a change, unless somebody chains the entries after it anew. Nothing in the ledger shows that the last
entries of a journal are gone, where the journal's position was set back too. A seal kept elsewhere shows both.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import LEDGER_SEALED
from events.store.journal import database_time, entries, write
from processors.delivery.names import SEAL_CONSUMER as CONSUMER
from processors.delivery.names import SEAL_JOURNAL as JOURNAL
from processors.delivery.position import lock_position, write_position

# One index probe a journal, where grouping would read every entry.
_HEADS = """
WITH RECURSIVE journals (name) AS (
    SELECT min(journal) FROM ledger.entries
    UNION ALL
    SELECT (SELECT min(journal) FROM ledger.entries WHERE journal > journals.name)
    FROM journals WHERE journals.name IS NOT NULL
)
SELECT head.journal, head.number, head.hash
FROM journals
JOIN LATERAL (
    SELECT journal, number, hash FROM ledger.entries WHERE journal = journals.name ORDER BY number DESC LIMIT 1
) AS head ON true
ORDER BY head.journal
"""

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SealedHead(BaseModel):
    """A journal's last entry at a moment: its number, and its hash in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    journal: str
    number: int = Field(ge=1)
    hash: Hash


class SealedHeads(BaseModel):
    """What the entry of a seal holds: the heads of all journals, and one root over them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Hash
    journals: tuple[SealedHead, ...]


class Seal(BaseModel):
    """The heads of all journals at ``sealed_at``, and one root over them.

    ``number`` and ``hash`` are the seal's own entry in journal ``seal.0``. Kept elsewhere, a seal vouches for the seals
    before it too: its hash is chained to theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    hash: Hash
    sealed_at: datetime
    root: Hash
    journals: tuple[SealedHead, ...]

    def json_text(self) -> bytes:
        """The seal as the JSON to be kept."""
        return orjson.dumps(self.model_dump(mode="json"))

    @property
    def heads(self) -> tuple[SealedHead, ...]:
        """What today's chains are compared with: the heads, and the seal's own entry."""
        return (*self.journals, SealedHead(journal=JOURNAL, number=self.number, hash=self.hash))


class BrokenJournal(BaseModel):
    """A journal that is no longer what a seal saw; ``found`` is None where the entry is gone."""

    journal: str
    number: int
    expected: str
    found: str | None


class SealError(ValueError):
    """What was given is no seal of a ledger."""


def root_of(heads: Iterable[SealedHead]) -> str:
    """sha256 over the heads in the order of their journals, one JSON list [journal, number, hash] a line; in hex."""
    lines = [orjson.dumps([head.journal, head.number, head.hash]) for head in sorted(heads, key=lambda h: h.journal)]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def read_seal(kept: bytes) -> Seal:
    """The seal in a JSON text; raises ``SealError`` for anything else, and where its root is not that of its heads."""
    try:
        found = Seal.model_validate_json(kept)
    except ValueError as error:
        raise SealError(f"this is no seal: {str(error).splitlines()[0]}") from None
    if root_of(found.journals) != found.root:
        raise SealError(f"this seal was changed: its heads do not give its root {found.root}")
    return found


async def seal(engine: AsyncEngine) -> Seal:
    """Note the head of every journal in journal ``seal.0``; returns what is to be kept elsewhere."""
    async with engine.begin() as connection:
        position = await lock_position(connection, CONSUMER, 0)
        position.journal.start(await database_time(connection))
        heads = await _heads(connection)
        root = root_of(heads)
        data = {"root": root, "journals": [head.model_dump() for head in heads]}
        number = position.journal.append(LEDGER_SEALED, data)
        own, at = position.journal.hash, position.journal.recorded_at
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, [])
    return Seal(number=number, hash=own.hex(), sealed_at=at, root=root, journals=tuple(heads))


async def broken(connection: AsyncConnection, heads: Sequence[SealedHead]) -> list[BrokenJournal]:
    """The journals whose entry with a head's number is gone or has another hash today."""
    table = entries.c
    keys = [(head.journal, head.number) for head in heads]
    rows = await connection.execute(
        select(table.journal, table.number, table.hash).where(tuple_(table.journal, table.number).in_(keys))
    )
    found = {(row.journal, row.number): bytes(row.hash).hex() for row in rows}
    return [
        BrokenJournal(journal=head.journal, number=head.number, expected=head.hash, found=found.get(key))
        for head, key in zip(heads, keys, strict=True)
        if found.get(key) != head.hash
    ]


async def seals(connection: AsyncConnection) -> AsyncIterator[tuple[int, bytes]]:
    """Every seal in the ledger: its number, and the data of its entry as it is, a ``SealedHeads`` unless damaged."""
    rows = await connection.stream(
        select(entries.c.number, entries.c.data)
        .where(entries.c.journal == JOURNAL, entries.c.type == LEDGER_SEALED)
        .order_by(entries.c.number)
    )
    async for row in rows:
        yield row.number, bytes(row.data)


async def _heads(connection: AsyncConnection) -> list[SealedHead]:
    """Read from the entries, not from the positions: a seal vouches for what is there."""
    rows = await connection.execute(text(_HEADS))
    return [SealedHead(journal=row.journal, number=row.number, hash=bytes(row.hash).hex()) for row in rows]
