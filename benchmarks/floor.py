"""Peer (c), the floor: the rows of (a), made before the clock starts, in batches of 500 claims; no broker, no rules.

New rows go in by COPY, rows that may be there already by one INSERT … ON CONFLICT for many, one connection.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
from sqlalchemy import JSON, Table

from benchmarks.bench import Bench
from benchmarks.orm import Written
from benchmarks.servers import Meter, copy_database
from benchmarks.throughput import prepare
from events.store.journal import entries
from events.store.metadata import metadata

CLAIMS_A_BATCH = 500
CLAIMS = "projections.claims"
NEW = (entries.fullname, CLAIMS, "projections.statements")
"""Tables in which a claim only adds rows."""


async def floor(bench: Bench, written: Sequence[tuple[int, Written]]) -> None:
    """One run over the rows that ``orm`` wrote."""
    batches = [_plain(batch) for batch in _batches([rows for _, rows in written])]
    claims = sum(len(rows.get(CLAIMS, ())) for _, rows in written)
    async with bench.server_templates.running(await prepare(bench)) as endpoints:
        url = await copy_database(endpoints.database_url, "floor")
        connection = await asyncpg.connect(url, ssl=False)
        try:
            meter = Meter.start()
            for batch in batches:
                async with connection.transaction():
                    for table, records in batch:
                        await _write(connection, table, records)
            meter.stop()
        finally:
            await connection.close()
    bench.note_peer("floor", claims, meter)


def _batches(written: Sequence[Written]) -> list[list[Written]]:
    batches: list[list[Written]] = [[]]
    claims = 0
    for rows in written:
        batches[-1].append(rows)
        claims += len(rows.get(CLAIMS, ()))
        if claims >= CLAIMS_A_BATCH:
            batches.append([])
            claims = 0
    return batches


def _plain(batch: Sequence[Written]) -> list[tuple[Table, list[tuple[Any, ...]]]]:
    """A batch's rows by table, as the driver takes them."""
    plain = []
    for name in dict.fromkeys(name for rows in batch for name in rows):
        table = metadata.tables[name]
        as_json = [isinstance(column.type, JSON) for column in table.columns]
        records = [
            tuple(
                orjson.dumps(value).decode() if json else value
                for value, json in zip(row.values(), as_json, strict=True)
            )
            for rows in batch
            for row in rows.get(name, ())
        ]
        plain.append((table, records))
    return plain


async def _write(connection: asyncpg.Connection, table: Table, records: list[tuple[Any, ...]]) -> None:
    columns = [column.name for column in table.columns]
    if table.fullname in NEW:
        await connection.copy_records_to_table(table.name, schema_name=table.schema, columns=columns, records=records)
        return
    keys = [column.name for column in table.primary_key]
    named = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    await connection.executemany(
        f"INSERT INTO {table.fullname} ({named}) VALUES ({places}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}",
        records,
    )
