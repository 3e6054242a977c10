"""Makes a settled ledger larger within the database, many times faster than settling: persons once more by other names.

Each row of the ledger and its projections that tells of a person or claim is copied under other ids, the ledger's
entries behind the last ones. Sums over all are left as they are, as is each person's own history. So tables and indexes
have the size of a large ledger; its hashes and sums do not hold, and nobody should look at a copied person.
"""

from collections.abc import Iterable

from sqlalchemy import Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.metadata import metadata

IDS = (
    "person_id",
    "claim_id",
    "event_id",
    "identity_id",
    "admission_id",
    "lead_id",
    "answer_id",
    "subject",
    "subject_id",
)
PLACES = ("number", "stream_seq")
DAYS = 1_095
"""The copies were booked one after the other over three years, so that a month has its share of the bookings."""
_HEADS = """
CREATE TEMPORARY TABLE heads ON COMMIT DROP AS
SELECT journal, max(number) AS number, (SELECT max(stream_seq) FROM ledger.entries) AS stream_seq
FROM ledger.entries GROUP BY journal
"""
"""How far the copies of a journal's entries lie behind each other: numbers have no gaps."""
_HEAD = "(SELECT coalesce(max(number), 0) FROM ledger.entries WHERE entries.journal = {})"


_CLEARED = f"""
UPDATE projections.clearings SET ranges = (
    SELECT jsonb_object_agg(part.key, jsonb_build_array(0, {_HEAD.format("part.key")} * 35 / 36))
    FROM jsonb_each(clearings.ranges) AS part
)
"""
"""Clearings have taken all but the last month."""
_TOLD = """
INSERT INTO processors.payouts_told SELECT journal, max(number) FROM ledger.entries GROUP BY journal
ON CONFLICT (journal) DO UPDATE SET number = excluded.number
"""
"""Payers have heard of all of it: what tells them begins there where PAYOUTS holds nothing."""


async def copy_claims(engine: AsyncEngine, claims: int) -> int:
    """Copy until the ledger has at least so many claims; returns how many it has."""
    async with engine.begin() as connection:
        there = await _count(connection)
        copies = -(-claims // there) - 1
        if copies > 0:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))  # no row is looked at
            await connection.execute(text(_HEADS))
            earlier = f"UPDATE ledger.entries SET recorded_at = recorded_at - interval '{DAYS} days'"
            await connection.execute(text(earlier))
            for table in _of_persons(metadata.sorted_tables):
                await connection.execute(text(_copy(table, copies)))
            for journals in ("counted_journals", "lead_journals"):
                head = _HEAD.format("journals.journal")
                await connection.execute(text(f"UPDATE projections.{journals} AS journals SET number = {head}"))
            head = _HEAD.format("consumer || CASE consumer WHEN 'intake' THEN '' ELSE '.' || partition END")
            await connection.execute(text(_CLEARED))
            position = f"UPDATE processors.positions SET journal_number = {head}"
            await connection.execute(text(position))
            await connection.execute(text(_TOLD))
        reached = await _count(connection)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
    return reached


def _of_persons(tables: Iterable[Table]) -> list[Table]:
    """The tables whose keys name a person or what is his."""
    rooms = ("ledger", "projections")
    named = [table for table in tables if table.schema in rooms and any(name in table.c for name in IDS)]
    return [table for table in named if any(column.name in (*IDS, *PLACES) for column in table.primary_key)]


def _copy(table: Table, copies: int) -> str:
    def copied(name: str) -> str:
        column = table.c[name]
        if name in IDS and isinstance(column.type, Text):
            return f"nullif(rows.{name}, '') || '~' || copy" if column.nullable else f"rows.{name} || '~' || copy"
        if table.name == "entries" and name == "recorded_at":
            return f"rows.recorded_at + interval '{DAYS} days' * copy / {copies}"
        if name in PLACES and (column.primary_key or name == "stream_seq"):
            return f"rows.{name} + {'heads.number' if name == 'number' else 'heads.stream_seq'} * copy"
        return f'rows."{name}"'

    columns = [column.name for column in table.columns]
    into = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(map(copied, columns))
    journal = "rows.journal" if table.name == "entries" else "'intake'"
    order = ", ".join(["copy", *(f"rows.{column.name}" for column in table.primary_key)])  # as they would have come
    return (
        f"INSERT INTO {table.fullname} ({into}) SELECT {values} "
        f"FROM {table.fullname} AS rows JOIN heads ON heads.journal = {journal} "
        f"CROSS JOIN generate_series(1, {copies}) AS copy ORDER BY {order} ON CONFLICT DO NOTHING"
    )


async def _count(connection: AsyncConnection) -> int:
    return int(await connection.scalar(text("SELECT count(*) FROM projections.statements")) or 0)
