"""The catalogue as the database keeps it: entries read for pricing and for lists, and lists taken in."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Row, Select, exists, func, insert, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.advisory_locks import AdvisoryLock, hold_lock
from events.store.driver import insert_rows
from events.store.journal import database_time
from events.store.rows import among
from processors.catalogue.entries import Catalogue, CatalogueEntry
from processors.catalogue.tables import catalogue_entries, catalogue_imports
from processors.offices.operators import login_of

_FIELDS = [catalogue_entries.c[name] for name in CatalogueEntry.__struct_fields__]


class ImportedCatalogue(Struct, frozen=True):
    """What became of a list: its import's number, None where all of it stood already, and counts of entries."""

    number: int | None
    added: int
    unchanged: int


async def is_loaded(connection: AsyncConnection, region: str, on: date) -> bool:
    """Whether any entry of a region had begun by a day; where none had, hospitals' own split is taken."""
    begun = select(1).where(_in_region(region), catalogue_entries.c.valid_from <= on)
    return bool((await connection.execute(select(exists(begun)))).scalar_one())


async def load_catalogue(connection: AsyncConnection, codes: Collection[str], region: str) -> Catalogue:
    """The entries of some codes that may hold in a region."""
    query = select(*_FIELDS).where(among(catalogue_entries.c.code, codes), _in_region(region))
    return Catalogue(map(_entry, await connection.execute(query)))


async def load_entries(connection: AsyncConnection, numbers: Collection[int]) -> dict[int, CatalogueEntry]:
    """Entries by their numbers: those by which lines were priced before."""
    query = select(*_FIELDS).where(catalogue_entries.c.number.in_(set(numbers)))
    return {row.number: _entry(row) for row in await connection.execute(query)}


async def entry_rows(
    engine: AsyncEngine, *, code: str | None = None, on: date | None = None, region: str | None = None
) -> AsyncIterator[Mapping[str, Any]]:
    """Entries with who took them in, by code, then by first day: all that were recorded, or those that hold on a day.

    Keys are the fields of ``CatalogueEntry`` and ``import``, ``actor``, ``at``. With ``region`` those of the region
    and of all; on a day an entry of a region does not hide that of all.
    """
    query = _listed(on).order_by(catalogue_entries.c.code, catalogue_entries.c.valid_from, catalogue_entries.c.number)
    if code is not None:
        query = query.where(catalogue_entries.c.code == code)
    if region is not None:
        query = query.where(_in_region(region))
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            yield {str(name): value for name, value in row._mapping.items()}


def _listed(on: date | None) -> Select[Any]:
    columns = [*_FIELDS, catalogue_entries.c["import"], catalogue_imports.c.actor, catalogue_imports.c.at]
    query = select(*columns).join(catalogue_imports)
    if on is None:
        return query
    later = catalogue_entries.alias("later")
    replaced = exists(
        select(1).where(
            later.c.code == catalogue_entries.c.code,
            later.c.region.is_not_distinct_from(catalogue_entries.c.region),
            later.c.valid_from <= on,
            tuple_(later.c.valid_from, later.c.number)
            > tuple_(catalogue_entries.c.valid_from, catalogue_entries.c.number),
        )
    )
    return query.where(
        catalogue_entries.c.valid_from <= on,
        or_(catalogue_entries.c.valid_until.is_(None), catalogue_entries.c.valid_until >= on),
        ~replaced,
    )


async def import_catalogue(
    engine: AsyncEngine, entries: Sequence[CatalogueEntry], sha256: str, actor: str
) -> ImportedCatalogue:
    """Take in the entries of a list, all or none; the numbers that they come with mean nothing.

    An entry that stands word for word is not recorded again. No two may have code, region and first day in common.
    """
    async with engine.begin() as connection:
        await hold_lock(connection, AdvisoryLock.CATALOGUE)
        standing = await _standing(connection, {entry.code for entry in entries})
        new = [entry for entry in entries if standing.get(_key(entry)) != structs.replace(entry, number=0)]
        if not new:
            return ImportedCatalogue(None, 0, len(entries))
        login, is_owner = await login_of(connection)
        number, last = await _last(connection)
        row = {
            "number": number + 1,
            "sha256": sha256,
            "listed": len(entries),
            "entries": len(new),
            "actor": actor,
            "login": login,
            "owner": is_owner,
            "at": await database_time(connection),
        }
        await connection.execute(insert(catalogue_imports), row)
        columns = [column.name for column in catalogue_entries.columns]
        kept = (
            structs.asdict(structs.replace(entry, number=place)) | {"import": number + 1}
            for place, entry in enumerate(new, start=last + 1)
        )
        await insert_rows(connection, catalogue_entries, [[each[name] for name in columns] for each in kept])
        return ImportedCatalogue(number + 1, len(new), len(entries) - len(new))


async def _standing(
    connection: AsyncConnection, codes: Collection[str]
) -> dict[tuple[str, str | None, date], CatalogueEntry]:
    """The entries of some codes by code, region and first day, the last recorded of each, without their numbers."""
    query = select(*_FIELDS).where(among(catalogue_entries.c.code, codes)).order_by(catalogue_entries.c.number)
    found = (_entry(row) for row in await connection.execute(query))
    return {_key(entry): structs.replace(entry, number=0) for entry in found}


def _key(entry: CatalogueEntry) -> tuple[str, str | None, date]:
    return entry.code, entry.region, entry.valid_from


async def _last(connection: AsyncConnection) -> tuple[int, int]:
    """The numbers of the last import and the last entry, 0 before the first."""
    query = select(
        select(func.coalesce(func.max(catalogue_imports.c.number), 0)).scalar_subquery(),
        select(func.coalesce(func.max(catalogue_entries.c.number), 0)).scalar_subquery(),
    )
    number, last = (await connection.execute(query)).one()
    return number, last


def _in_region(region: str) -> ColumnElement[bool]:
    return or_(catalogue_entries.c.region.is_(None), catalogue_entries.c.region == region)


def _entry(row: Row[Any]) -> CatalogueEntry:
    return CatalogueEntry(**row._mapping)
