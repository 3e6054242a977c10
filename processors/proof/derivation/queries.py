"""How each projection follows from the ledger: one query a table, in the file named after it, over shared extracts.

None of it calls what the processors write by: it is a second way to the same rows.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from sqlalchemy import Table, insert, text
from sqlalchemy import column as column_named
from sqlalchemy import table as table_named
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

import projections
from events.store.metadata import metadata
from policies.scheme import Scheme
from processors.law.pinned_schemes import PinnedSchemes

FOLDER = Path(__file__).parent
WORK_MEMORY = "256MB"
"""For sorts and hashes of this transaction: PostgreSQL's default spills them to disk from some thousand claims on."""


EXTRACTS = ("facts", "acceptances", "reversals", "settlements", "poor", "stated", "named")
"""What queries share, in the order in which it is made. The last three are read from schemes, others from entries."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A projection's table, and the extracts of the ledger that its query reads."""

    table: Table
    extracts: tuple[str, ...]


def _derivations() -> dict[str, Derivation]:
    for module in iter_modules(projections.__path__):
        import_module(f"{projections.__name__}.{module.name}")
    tables = (table for table in metadata.tables.values() if table.schema == "projections")
    derived = {table.name: table for table in tables if (FOLDER / f"{table.name}.sql").exists()}
    return {name: Derivation(derived[name], _extracts(_sql(name))) for name in sorted(derived)}


def _extracts(query: str) -> tuple[str, ...]:
    return tuple(extract for extract in EXTRACTS if f"pg_temp.{extract}" in query)


async def derive(connection: AsyncConnection, names: Collection[str]) -> dict[str, int]:
    """Fill a table ``pg_temp.derived_<name>`` for each projection; returns how many rows each has.

    Lasts until the transaction ends; nothing else is written.
    """
    await connection.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
    await _run(connection, _sql("fen"))
    wanted = {extract for name in names for extract in DERIVATIONS[name].extracts}
    for extract in EXTRACTS[:-3]:
        if extract in wanted:
            await _run(connection, f"CREATE TEMP TABLE {extract} ON COMMIT DROP AS {_sql(extract)}")
            # Without statistics the planner joins some thousand claims by nested loops.
            await _run(connection, f"ANALYZE pg_temp.{extract} (claim_id)")
    if "poor" in wanted:
        await _extract_poor(connection)
    if "stated" in wanted:
        await _extract_stated(connection)
    if "named" in wanted:
        await _extract_named(connection)
    return {name: await _derive(connection, DERIVATIONS[name].table) for name in names}


def names_of(columns: Sequence[str], of: str = "") -> str:
    """Columns (of a table named in the query) as a list in SQL; quoted, for ``grant`` is a reserved word."""
    return ", ".join(f'{of}."{column}"' if of else f'"{column}"' for column in columns)


async def _derive(connection: AsyncConnection, table: Table) -> int:
    derived = f"pg_temp.derived_{table.name}"
    await _run(connection, f"CREATE TEMP TABLE derived_{table.name} (LIKE {table.fullname}) ON COMMIT DROP")
    columns = names_of(table.columns.keys())
    query = f"INSERT INTO {derived} ({columns}) SELECT {columns} FROM ({_sql(table.name)}) AS query"  # noqa: S608 - ours
    return (await connection.exec_driver_sql(query)).rowcount


async def _extract_poor(connection: AsyncConnection) -> None:
    """The categories that each pinned text calls poor: what the law says is read by the law's own loader."""
    await _run(connection, "CREATE TEMP TABLE poor (scheme_hash text, categories text[]) ON COMMIT DROP")
    pinned = (await connection.exec_driver_sql("SELECT DISTINCT scheme FROM pg_temp.acceptances")).scalars().all()
    if None in pinned:
        raise LookupError("an acceptance names no scheme")
    schemes = await PinnedSchemes().require(connection, pinned)
    poor = table_named("poor", column_named("scheme_hash", TEXT), column_named("categories", ARRAY(TEXT)))
    rows = [{"scheme_hash": key, "categories": sorted(scheme.poor_categories)} for key, scheme in schemes.items()]
    if rows:
        await connection.execute(insert(poor), rows)


async def _extract_stated(connection: AsyncConnection) -> None:
    """The targets that each text in force states, as the law's own loader reads them."""
    await _run(
        connection,
        "CREATE TEMP TABLE stated (scheme text, target text, grade text, cite text, starts date, ends date,"
        " scheme_starts date, scheme_ends date, numerator bigint, denominator bigint) ON COMMIT DROP",
    )
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    rows = [
        {
            "scheme": scheme.name,
            "target": target.name,
            "grade": target.grade,
            "cite": target.citation,
            "starts": target.from_,
            "ends": target.until,
            "scheme_starts": scheme.valid.from_,
            "scheme_ends": scheme.valid.until,
            "numerator": target.value.numerator,
            "denominator": target.value.denominator,
        }
        for scheme in pinned.current
        for target in scheme.targets
    ]
    if rows:
        stated = table_named("stated", *map(column_named, rows[0]))
        await connection.execute(insert(stated), rows)


async def _extract_named(connection: AsyncConnection) -> None:
    """The diseases that each text in force names for more help, as the law's own loader reads them."""
    await _run(connection, "CREATE TEMP TABLE named (scheme text, disease text, use text) ON COMMIT DROP")
    pinned = PinnedSchemes()
    await pinned.refresh(connection)
    rows = [
        {"scheme": scheme.name, "disease": disease, "use": use}
        for scheme in pinned.current
        for use, diseases in _namings(scheme)
        for disease in {*diseases} - {None}
    ]
    if rows:
        await connection.execute(insert(table_named("named", *map(column_named, rows[0]))), rows)


def _namings(scheme: Scheme) -> Iterator[tuple[str, Iterable[str | None]]]:
    yield "grant", (disease for grant in scheme.grants for disease in grant.diseases)
    quota = [parameter for path, parameter in scheme.parameters.items() if path.startswith("case_quota")]
    yield "case_quota", (row.disease for parameter in quota for row in parameter.root)
    cases = [case for stage in scheme.stages for case in stage.cases if stage.layer == "assistance"]
    yield "assistance", (disease for case in cases for disease in case.when.diseases or ())


async def _run(connection: AsyncConnection, statement: str) -> None:
    await connection.exec_driver_sql(statement)


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


DERIVATIONS = _derivations()
"""By name: every projection whose query stands in this folder."""
