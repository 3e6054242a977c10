"""Checks that every journal has no gap, every entry's hash is that of its row, and raw bytes are what was sent."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import orjson
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import FACTS
from events.decisions import EVENT_REJECTED, EVENT_WAITING
from events.store.hash_chain import GENESIS, entry_hash
from events.store.journal import BEGINNING, entries
from processors.delivery.names import journal_name
from processors.delivery.position import positions
from processors.proof.verification.report import Progress, VerifyReport

ROWS_PER_FETCH = 1000

_COLUMNS = tuple(column.name for column in entries.columns)
_TIME = _COLUMNS.index("recorded_at")
# The time as text: the driver makes a datetime of each, which takes longer than the rest of the row, and a batch of
# entries shares one.
_ENTRIES = ", ".join(f"{name}::text" if name == "recorded_at" else name for name in _COLUMNS)
_JOURNAL = f"SELECT {_ENTRIES} FROM ledger.entries WHERE journal = $1 ORDER BY number"  # noqa: S608 - our own names


class _Identity(Struct, frozen=True, gc=False):
    source: str
    id: str
    type: str


_IDENTITIES = msgspec.json.Decoder(_Identity)


class JournalHead(Struct, frozen=True):
    """The number and the hash of a journal's last entry, by the position of its writer."""

    number: int = 0
    hash: bytes = GENESIS


async def journals(connection: AsyncConnection) -> dict[str, JournalHead]:
    """Every journal that has entries or a position, by name."""
    heads = {
        journal_name(row.consumer, row.partition): JournalHead(row.journal_number, bytes(row.journal_hash))
        for row in await connection.execute(select(positions))
    }
    return {name: heads.get(name, JournalHead()) for name in sorted(heads.keys() | set(await _journals(connection)))}


async def check_chain(driver: Any, journal: str, known: JournalHead, report: VerifyReport, progress: Progress) -> None:
    """Check one journal, and compare its end with the position of its writer."""
    report.journals += 1
    number, hashes = await _walk(driver, journal, report, progress)
    if number != known.number:
        report.problem("chain", f"journal {journal}, head", f"{known.number} entries", f"{number} entries")
    elif known.hash not in hashes:
        report.problem("chain", f"journal {journal}, head", f"hash {known.hash.hex()}", f"hash {hashes[0].hex()}")


async def _journals(connection: AsyncConnection) -> list[str]:
    """The names of all journals: one index probe each, where DISTINCT would read every entry."""
    names: list[str] = []
    while True:
        after = entries.c.journal > names[-1] if names else entries.c.journal.is_not(None)
        name = (await connection.execute(select(func.min(entries.c.journal)).where(after))).scalar_one()
        if name is None:
            return names
        names.append(name)


async def _walk(driver: Any, journal: str, report: VerifyReport, progress: Progress) -> tuple[int, tuple[bytes, ...]]:
    """Check the entries of one journal; returns its last number and the hashes that may be there."""
    # The driver's own cursor: SQLAlchemy's rows cost more than the hashing.
    cursor = await driver.cursor(_JOURNAL, journal)
    number = 0
    hashes: tuple[bytes, ...] = (GENESIS,)
    while rows := await cursor.fetch(ROWS_PER_FETCH):
        for row in rows:
            number += 1
            if row["number"] != number:
                report.problem("chain", f"journal {journal}", f"entry {number}", f"entry {row['number']}")
                number = row["number"]
            entry = (*row[:_TIME], _moment(row[_TIME]), *row[_TIME + 1 :])
            stored = row["hash"]
            hashes = (stored,) if entry_hash(hashes[0], entry) == stored else _mismatch(entry, hashes, report)
            if row["raw"] is not None and row["source"] is not None:
                _check_identity(row, report)
        report.entries += len(rows)
        progress("entries", len(rows))
    return number, hashes


def _mismatch(entry: Sequence[Any], before: tuple[bytes, ...], report: VerifyReport) -> tuple[bytes, ...]:
    """The hashes that may be before the next entry, where this one does not follow from the first of ``before``.

    After a mismatch there are two: the stored hash, where the content was changed, and the hash that the content gives,
    where the stored hash was changed. So one change is reported once, at its place.
    """
    stored: bytes = entry[-1]
    computed = [entry_hash(previous, entry) for previous in before]
    if stored in computed:
        return (stored,)
    # what was recorded should stand; what the content gives is what stands
    _report(report, "chain", entry, f"hash {stored.hex()}", f"hash {computed[0].hex()}")
    return (stored, computed[0])


@lru_cache(maxsize=64)
def _moment(stamp: str) -> datetime:
    try:
        return datetime.fromisoformat(stamp)
    except ValueError:  # one that Python has no datetime for, such as infinity: the ledger wrote none, and no hash fits
        return BEGINNING


def _check_identity(row: Mapping[str, Any], report: VerifyReport) -> None:
    event_id: str = row["event_id"]
    if event_id.startswith("sha256:"):
        found = f"sha256:{_digest(row)}"
        if found != event_id:
            _report(report, "identity", row, event_id, found)
    elif row["type"] in FACTS or row["type"] == EVENT_WAITING:
        try:
            stated = _IDENTITIES.decode(row["raw"])
        except ValueError:
            stated = None
        if stated != _Identity(row["source"], event_id, row["type"]):
            _compare_identity(row, report)


def _digest(row: Mapping[str, Any]) -> str:
    """Of the bytes as they were sent: of a refused event that is not kept whole the ledger holds the digest alone."""
    try:
        told = orjson.loads(row["data"]) if row["type"] == EVENT_REJECTED else {}
    except ValueError:  # damaged, as its hash tells
        told = {}
    stated = told.get("sha256") if isinstance(told, dict) else None
    return str(stated or hashlib.sha256(row["raw"]).hexdigest())


def _compare_identity(row: Mapping[str, Any], report: VerifyReport) -> None:
    try:
        event = orjson.loads(row["raw"])
        stated = (event["source"], event["id"], event["type"])
    except (ValueError, KeyError, TypeError):
        _report(report, "identity", row, "a CloudEvent", "raw bytes that are none")
        return
    written = (row["source"], row["event_id"], row["type"] if row["type"] in FACTS else stated[2])
    if stated != written:
        _report(report, "identity", row, " ".join(written), " ".join(map(str, stated)))


def _report(report: VerifyReport, check: str, entry: Any, expected: str, found: str) -> None:
    """Note what is wrong with an entry, in the order of its columns, and whom it is about."""
    journal, number = entry[_COLUMNS.index("journal")], entry[_COLUMNS.index("number")]
    person_id, claim_id = entry[_COLUMNS.index("person_id")], entry[_COLUMNS.index("claim_id")]
    where = f"journal {journal}, entry {number}"
    report.problem(check, where, expected, found, person_id=person_id, claim_id=claim_id)
