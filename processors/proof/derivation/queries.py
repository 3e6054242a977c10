"""How each projection follows from the ledger: one query a table, in the file named after it, over shared extracts.

None of it calls what the processors write by: it is a second way to the same rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table, insert, text
from sqlalchemy import column as column_named
from sqlalchemy import table as table_named
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.law.pinned_schemes import PinnedSchemes
from projections.accumulations import accumulations
from projections.admissions import admissions
from projections.advances import advances
from projections.audits import audits
from projections.cards import cards
from projections.claims import claims
from projections.deaths import deaths
from projections.enrolments import enrolments
from projections.fines import fines
from projections.grants import grants
from projections.hospitals import hospitals
from projections.persons import persons
from projections.premiums import premiums
from projections.refusals import refusals
from projections.rosters import rosters
from projections.statements import statements
from projections.suspensions import suspensions
from projections.waiting import waiting

FOLDER = Path(__file__).parent
WORK_MEMORY = "256MB"
"""For sorts and hashes of this transaction: PostgreSQL's default spills them to disk from some thousand claims on."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A projection's table, and the extracts of the ledger that its query reads."""

    table: Table
    extracts: tuple[str, ...] = ()


DERIVATIONS = {
    derivation.table.name: derivation
    for derivation in (
        Derivation(hospitals, ("facts",)),
        Derivation(suspensions, ("facts",)),
        Derivation(fines, ("facts",)),
        Derivation(enrolments, ("facts",)),
        Derivation(deaths, ("facts",)),
        Derivation(rosters, ("facts",)),
        Derivation(cards, ("facts",)),
        Derivation(admissions, ("facts", "acceptances", "reversals")),
        Derivation(claims, ("facts", "acceptances", "reversals")),
        Derivation(persons, ("acceptances",)),
        Derivation(audits, ("facts",)),
        Derivation(accumulations),
        Derivation(statements, ("facts", "acceptances", "settlements", "poor")),
        Derivation(grants),
        Derivation(premiums),
        Derivation(advances, ("facts",)),
        Derivation(refusals),
        Derivation(waiting),
    )
}
"""By name, in the order of reports."""


async def derive(connection: AsyncConnection, names: Collection[str]) -> dict[str, int]:
    """Fill a table ``pg_temp.derived_<name>`` for each projection; returns how many rows each has.

    Lasts until the transaction ends; nothing else is written.
    """
    await connection.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
    await _run(connection, _sql("fen"))
    wanted = {extract for name in names for extract in DERIVATIONS[name].extracts}
    for extract in ("facts", "acceptances", "reversals", "settlements"):
        if extract in wanted:
            await _run(connection, f"CREATE TEMP TABLE {extract} ON COMMIT DROP AS {_sql(extract)}")
            # Without statistics the planner joins some thousand claims by nested loops.
            await _run(connection, f"ANALYZE pg_temp.{extract} (claim_id)")
    if "poor" in wanted:
        await _extract_poor(connection)
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
    pinned = (await connection.exec_driver_sql("SELECT DISTINCT scheme FROM pg_temp.acceptances")).scalars()
    schemes = await PinnedSchemes().require(connection, pinned.all())
    poor = table_named("poor", column_named("scheme_hash", TEXT), column_named("categories", ARRAY(TEXT)))
    rows = [{"scheme_hash": key, "categories": sorted(scheme.poor_categories)} for key, scheme in schemes.items()]
    if rows:
        await connection.execute(insert(poor), rows)


async def _run(connection: AsyncConnection, statement: str) -> None:
    await connection.exec_driver_sql(statement)


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
