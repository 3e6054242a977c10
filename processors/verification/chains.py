"""Every journal is gap-free, every entry's hash is that of its row, and what was taken in is what was sent."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import FACTS
from events.decisions import EVENT_WAITING
from events.hashing import GENESIS, entry_hash
from events.ledger import entries
from processors.positions import journal_name, positions
from processors.verification.report import Progress, VerifyReport

ROWS_PER_FETCH = 1000


async def check_chains(connection: AsyncConnection, report: VerifyReport, progress: Progress) -> None:
    """Walk every journal that has entries or a position."""
    heads = {
        journal_name(row.consumer, row.partition): (row.journal_number, bytes(row.journal_hash))
        for row in await connection.execute(select(positions))
    }
    for journal in sorted(heads.keys() | set(await _journals(connection))):
        report.journals += 1
        head = await _walk(connection, journal, report, progress)
        known = heads.get(journal, (0, GENESIS))
        if head[0] != known[0]:
            report.problem("chain", f"journal {journal}, head", f"{known[0]} entries", f"{head[0]} entries")
        elif known[1] not in head[1]:
            report.problem("chain", f"journal {journal}, head", f"hash {known[1].hex()}", f"hash {head[1][0].hex()}")


async def _journals(connection: AsyncConnection) -> list[str]:
    """The names of all journals: one index probe each, where DISTINCT would read every entry."""
    names: list[str] = []
    while True:
        after = entries.c.journal > names[-1] if names else entries.c.journal.is_not(None)
        name = (await connection.execute(select(func.min(entries.c.journal)).where(after))).scalar_one()
        if name is None:
            return names
        names.append(name)


async def _walk(
    connection: AsyncConnection, journal: str, report: VerifyReport, progress: Progress
) -> tuple[int, tuple[bytes, ...]]:
    """Check one journal; returns its last number and the hashes that may stand there."""
    # The driver's own cursor: SQLAlchemy's rows cost more than the hashing.
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise AssertionError("no driver connection")
    columns = ", ".join(column.name for column in entries.columns)
    query = f"SELECT {columns} FROM ledger.entries WHERE journal = $1 ORDER BY number"  # noqa: S608 - our own names
    cursor = await driver.cursor(query, journal)
    number = 0
    hashes: tuple[bytes, ...] = (GENESIS,)
    while rows := await cursor.fetch(ROWS_PER_FETCH):
        for row in rows:
            number += 1
            if row["number"] != number:
                report.problem("chain", f"journal {journal}", f"entry {number}", f"entry {row['number']}")
                number = row["number"]
            hashes = _check_hash(row, hashes, report)
            if row["raw"] is not None and row["source"] is not None:
                _check_identity(row, report)
        report.entries += len(rows)
        progress("entries", len(rows))
    return number, hashes


def _check_hash(row: Mapping[str, Any], before: tuple[bytes, ...], report: VerifyReport) -> tuple[bytes, ...]:
    """Returns the hashes that the next entry may be chained to.

    They are two after a mismatch: the entry's stored hash, where its content was changed, and the one its content
    gives, where the hash was. So one change is reported once, at its place.
    """
    stored: bytes = row["hash"]
    entry = tuple(row.values())
    computed = [entry_hash(previous, entry) for previous in before]
    if stored in computed:
        return (stored,)
    where = f"journal {row['journal']}, entry {row['number']}"
    report.problem("chain", where, f"hash {computed[0].hex()}", f"hash {stored.hex()}")
    return (stored, computed[0])


def _check_identity(row: Mapping[str, Any], report: VerifyReport) -> None:
    where = f"journal {row['journal']}, entry {row['number']}"
    event_id: str = row["event_id"]
    if event_id.startswith("sha256:"):
        found = f"sha256:{hashlib.sha256(row['raw']).hexdigest()}"
        if found != event_id:
            report.problem("identity", where, event_id, found)
        return
    if row["type"] not in FACTS and row["type"] != EVENT_WAITING:
        return
    try:
        event = orjson.loads(row["raw"])
        said = (event["source"], event["id"], event["type"])
    except (ValueError, KeyError, TypeError):
        report.problem("identity", where, "a CloudEvent", "raw bytes that are none")
        return
    written = (row["source"], event_id, row["type"] if row["type"] in FACTS else said[2])
    if said != written:
        report.problem("identity", where, " ".join(written), " ".join(map(str, said)))
