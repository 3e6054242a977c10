"""The ledger: append-only journals, each written by one consumer, numbered without gaps and chained by hash.

A decided payout is a row here, with its amounts in typed columns; what is booked later is a difference to it, so that
the sum over a claim's rows is its net. Nothing is ever updated: triggers refuse it (infra/postgres/migrations).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from events.national_ids import refuse_national_ids
from events.store.driver import Prepared, fetch_text, insert_rows
from events.store.hash_chain import GENESIS, entry_hash
from events.store.metadata import metadata

ACCEPTANCE_STAGE = -1
SETTLEMENT_STAGE = 100
GRANT_STAGES = {"annual": 101, "one_off": 102}
"""Stand in ``stage`` of what is decided before and behind the layers, so that a person's history sorts by it."""

_TAKEN = "type <> 'event.waiting.v1'"
_WAITING = "type = 'event.waiting.v1'"
_REFUND = "type = 'premium.refunded.v1'"
_PREMIUM = "type IN ('premium.subsidised.v1', 'premium.purchased.v1', 'premium.refunded.v1')"

# The hash of an entry covers its columns in this order (hash_chain.py), whatever order the database has them in.
entries = Table(
    "entries",
    metadata,
    Column("journal", Text, primary_key=True, comment="the single writer: consumer, or consumer.partition"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="gap-free in its journal, from 1"),
    Column("type", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="what we knew when; rises in its journal"),
    Column("source", Text, comment="of what was taken in: who said it"),
    Column("event_id", Text, comment="of what was taken in: source and id identify it for ever"),
    Column("stream_seq", BigInteger, comment="of what was taken in: its place in INTAKE"),
    Column("person_id", Text),
    Column("claim_id", Text),
    Column("claim_number", Integer, comment="the claim's place in the person's ledger order"),
    Column("run", BigInteger, comment="rising per person"),
    Column("stage", SmallInteger, comment=f"the layer's place on the scheme's path; settlement {SETTLEMENT_STAGE}"),
    Column("year", SmallInteger),
    Column("scheme", Text),
    Column("layer", Text),
    Column("track", Text),
    Column("ran", SmallInteger, comment="1 the layer runs on the claim, -1 no longer, 0 it did and does"),
    Column("base", BigInteger, comment="fen, difference"),
    Column("deductible", BigInteger, comment="fen, difference"),
    Column("paid", BigInteger, comment="fen, difference"),
    Column("extra", BigInteger, comment="fen, difference; the part of paid by the layer's second rule"),
    Column("data", LargeBinary, nullable=False, comment="JSON of what was decided"),
    Column("raw", LargeBinary, comment="what was taken in, as it was sent"),
    Column("hash", LargeBinary, nullable=False),
    Index(
        "entries_identity",
        "source",
        "event_id",
        unique=True,
        postgresql_where=text(f"source IS NOT NULL AND {_TAKEN}"),
    ),
    Index("entries_waiting", "source", "event_id", postgresql_where=text(_WAITING)),
    Index(
        "entries_history",
        "person_id",
        "claim_number",
        "run",
        "stage",
        "type",
        unique=True,
        postgresql_where=text("person_id IS NOT NULL"),
    ),
    Index(
        "entries_resettled",
        text("recorded_at DESC NULLS LAST"),
        "journal",
        "number",
        postgresql_where=text("type = 'claim.resettled.v1'"),
    ),
    Index("entries_premiums", "journal", "number", postgresql_where=text(_PREMIUM)),
    Index("entries_refunds", "journal", "number", postgresql_where=text(_REFUND)),
    Index("entries_stream_seq", "stream_seq", postgresql_where=text("stream_seq IS NOT NULL")),
    schema="ledger",
    comment="append only: triggers and rights refuse UPDATE, DELETE and TRUNCATE",
)

schemes = Table(
    "schemes",
    metadata,
    Column("hash", Text, primary_key=True, comment="sha256 of the text, hex"),
    Column("name", Text, nullable=False),
    Column("text", LargeBinary, nullable=False, comment="the YAML as it was adopted"),
    Column("adopted", BigInteger, nullable=False, unique=True, comment="number of scheme.adopted.v1 in journal intake"),
    schema="ledger",
    comment="append only: a claim is decided, explained and verified by the text it was accepted under",
)

BEGINNING = datetime.fromtimestamp(0, UTC)
"""Before any entry. Not ``datetime.min``: asyncpg writes that as -infinity and reads it back without a zone."""


@dataclass(slots=True)
class Journal:
    """A journal's writer for one transaction: continues number and hash from where the last one stopped."""

    name: str
    number: int = 0
    hash: bytes = GENESIS
    recorded_at: datetime = BEGINNING
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def start(self, now: datetime) -> None:
        """Set the time of recording for the entries to come; it never runs backwards in a journal."""
        self.recorded_at = max(now, self.recorded_at)

    def append(
        self,
        type_: str,
        data: Mapping[str, Any],
        *,
        source: str | None = None,
        event_id: str | None = None,
        stream_seq: int | None = None,
        person_id: str | None = None,
        claim_id: str | None = None,
        claim_number: int | None = None,
        run: int | None = None,
        stage: int | None = None,
        year: int | None = None,
        scheme: str | None = None,
        layer: str | None = None,
        track: str | None = None,
        ran: int | None = None,
        base: int | None = None,
        deductible: int | None = None,
        paid: int | None = None,
        extra: int | None = None,
        raw: bytes | None = None,
    ) -> int:
        """Add one entry; returns its number. Columns not named are NULL.

        Raises ``NationalIdGivenError`` for a command's words that hold a national ID.
        """
        if source is None and person_id is None:  # what a command writes: words that people typed
            refuse_national_ids(data)
        self.number += 1
        about = (source, event_id, stream_seq, person_id, claim_id, claim_number, run, stage, year, scheme)
        amounts = (layer, track, ran, base, deductible, paid, extra)
        head = (self.name, self.number, type_, self.recorded_at)
        entry = (*head, *about, *amounts, orjson.dumps(data) if data else b"{}", raw)
        self.hash = entry_hash(self.hash, entry)
        self.rows.append((*entry, self.hash))
        return self.number


async def database_time(connection: AsyncConnection) -> datetime:
    """The database's clock: the time of record of all that is written, whatever the writer's clock says."""
    [row] = await fetch_text(connection, "SELECT clock_timestamp() AS now", [])
    now: datetime = row["now"]
    return now


async def write(connection: AsyncConnection, journal: Journal) -> None:
    """Insert the entries that a journal's writer has gathered."""
    if journal.rows:
        await insert_rows(connection, entries, journal.rows)
        journal.rows = []


async def identities(connection: AsyncConnection, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the (source, id) pairs the ledger holds, waiting ones among them."""
    parameters = {"sources": [source for source, _ in pairs], "event_ids": [event_id for _, event_id in pairs]}
    return {(source, event_id) for source, event_id in await _KNOWN.fetch(connection, **parameters)}


class KnownEvent(NamedTuple):
    """An event that was taken in, refused or waits: its entry in journal ``intake``. ``data`` is JSON."""

    number: int
    type: str
    stream_seq: int
    data: bytes
    raw: bytes | None


async def known_events(
    connection: AsyncConnection, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], KnownEvent]:
    """What the ledger holds under some (source, id) pairs; of what waited, the entry that ended the wait."""
    wanted = list(pairs)
    if not wanted:
        return {}
    parameters = {"sources": [source for source, _ in wanted], "event_ids": [event_id for _, event_id in wanted]}
    rows = await _KNOWN_EVENTS.fetch(connection, **parameters)
    return {(source, event_id): KnownEvent(*entry) for source, event_id, *entry in rows}


def _known(*columns: ColumnElement[Any]) -> Prepared:
    wanted = func.unnest(bindparam("sources", type_=ARRAY(Text)), bindparam("event_ids", type_=ARRAY(Text)))
    pairs = wanted.table_valued("source", "event_id").render_derived()
    # Two parts, each with the predicate of its partial index: one query over both could use neither.
    parts = [
        select(entries.c.source, entries.c.event_id, *columns)
        .join(pairs, (entries.c.source == pairs.c.source) & (entries.c.event_id == pairs.c.event_id))
        .where(of_type)
        for of_type in (text(_WAITING), text(_TAKEN))
    ]
    return Prepared(union_all(*parts))


_KNOWN = _known()
_KNOWN_EVENTS = _known(entries.c.number, entries.c.type, entries.c.stream_seq, entries.c.data, entries.c.raw)


_ADOPTED = select(schemes.c.hash, schemes.c.name).order_by(schemes.c.adopted)


async def adopted_schemes(connection: AsyncConnection) -> list[tuple[str, str]]:
    """(hash, name) of every adopted scheme, in the order of adoption."""
    rows = await connection.execute(_ADOPTED)
    return [(row.hash, row.name) for row in rows]


async def count_adopted(connection: AsyncConnection) -> int:
    """How many texts of schemes were adopted so far."""
    return int((await connection.execute(select(func.count()).select_from(schemes))).scalar_one())


async def scheme_texts(connection: AsyncConnection, hashes: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """(name, text) of adopted schemes by hash."""
    rows = await connection.execute(
        select(schemes.c.hash, schemes.c.name, schemes.c.text).where(schemes.c.hash.in_(hashes))
    )
    return {row.hash: (row.name, row.text) for row in rows}
