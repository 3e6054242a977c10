"""Reads a page of a listing: from PostgreSQL by a query, or from rows in memory."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.listing_columns import CellKind, ListFilter, Row
from infra.files.sheet import number


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is asked of a listing.

    ``texts`` are the filters as they were typed, ``narrowed`` as values, with the kind of the column that each narrows.
    Rows are ordered by ``order``, then by ``key``. ``summed`` names the columns that are summed. Pages count from 1.
    ``grouped``: the query adds up rows into few, so that it is asked once for all of them. ``figures`` names the
    columns that hold figures: rows in memory may have them as texts, and are ordered by what these say.
    """

    texts: Mapping[str, str]
    narrowed: Sequence[tuple[ListFilter, CellKind | None, Any]]
    order: str
    descending: bool
    key: tuple[str, ...]
    summed: tuple[str, ...]
    page: int
    grouped: bool = False
    figures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows of a page; ``number`` and ``sums`` are of all rows of the filter, None and empty where they are too many."""

    rows: Sequence[Row]
    number: int | None
    sums: Mapping[str, Any]
    more: bool


AllOf = Callable[[AsyncConnection, Select[Any]], Awaitable[Sequence[dict[str, Any]]]]
Totals = Callable[[AsyncConnection, Criteria], Awaitable[tuple[int, Mapping[str, Any]] | None]]
"""Number and sums of the rows of some criteria, from where these are kept; None where they are not kept by them."""


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """Rows that are dear to read whole: which of them stand on a page is asked first, by the criteria's keys alone.

    ``every`` gives all of them; ``of`` those with some keys, and perhaps others. ``parts`` are those of ``every`` in
    the order of the keys, one part after the other: a page that is ordered by nothing else reads as many as it needs.
    """

    every: Select[Any]
    of: Callable[[Sequence[Row]], Select[Any]]
    parts: Iterable[Select[Any]] = ()
    totals: Totals | None = None


def totals_from(sums: Select[Any], number: str) -> Totals:
    """From rows of sums by columns that criteria may narrow; the column ``number`` says how many rows they are of."""

    async def told(connection: AsyncConnection, criteria: Criteria) -> tuple[int, Mapping[str, Any]] | None:
        if any(each.narrows not in sums.selected_columns for each, _, _ in criteria.narrowed):
            return None
        kept = sums.subquery("kept")
        totals = [func.sum(kept.c[name]) for name in (number, *criteria.summed)]
        found, *summed = (await connection.execute(select(*totals).where(*_wanted(kept, criteria)))).one()
        return int(found or 0), dict(zip(criteria.summed, summed, strict=True))

    return told


async def read_select(
    connection: AsyncConnection,
    source: Select[Any] | KeyedRows,
    criteria: Criteria,
    offset: int,
    limit: int,
    counted: int,
    all_of: AllOf | None = None,
) -> FoundRows:
    """Rows of a query. Their number and sums are told of up to ``counted``; with 0 nobody asks for them.

    ``all_of`` reads all rows of a grouped query in another way than asking for them.
    """
    filtered, ordered = _filtered(source if isinstance(source, Select) else source.every, criteria)
    inner = filtered.selected_columns
    if counted and criteria.grouped:
        query = filtered.order_by(*ordered).limit(counted + 1)
        read = all_of or _all_of
        return _page_of(await read(connection, query), criteria, offset, limit, counted)
    if counted and isinstance(source, KeyedRows):
        keys = await _keys(connection, source, criteria, offset, limit + 1)
        rows = await _rows_of(connection, source, criteria, keys)
    else:
        page = filtered.order_by(*ordered).offset(offset).limit(limit + 1)
        rows = [dict(row) for row in (await connection.execute(page)).mappings()]
    number: int | None = None
    sums: Mapping[str, Any] = {}
    told = source.totals if counted and isinstance(source, KeyedRows) else None
    kept = None if told is None else await told(connection, criteria)
    if kept is not None:
        number, sums = kept
    elif counted:
        some = filtered.with_only_columns(
            *(inner[name] for name in criteria.summed or criteria.key or inner.keys()[:1])
        )
        counts = some.limit(counted + 1).subquery("counted")
        totals = [func.sum(counts.c[name]).label(f"sum_{place}") for place, name in enumerate(criteria.summed)]
        told = (await connection.execute(select(func.count().label("number"), *totals).select_from(counts))).one()
        if told.number <= counted:
            number = int(told.number)
            sums = dict(zip(criteria.summed, told[1:], strict=True))
    return FoundRows(rows[:limit], number, sums, len(rows) > limit)


async def _all_of(connection: AsyncConnection, query: Select[Any]) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _filtered(source: Select[Any], criteria: Criteria) -> tuple[Select[Any], list[Any]]:
    """The rows that are wanted, and in which order."""
    inner = source.subquery("listed")
    ordered: list[Any] = []
    if criteria.order:
        column = inner.c[criteria.order]
        ordered.append(column.desc().nulls_last() if criteria.descending else column.asc().nulls_last())
    ordered += [inner.c[name] for name in criteria.key if name != criteria.order]
    return select(inner).where(*_wanted(inner, criteria)), ordered


def _wanted(rows: Subquery, criteria: Criteria) -> list[Any]:
    return [where.where(rows.c[where.narrows], kind, value) for where, kind, value in criteria.narrowed]


async def _keys(
    connection: AsyncConnection, source: KeyedRows, criteria: Criteria, offset: int, limit: int
) -> list[dict[str, Any]]:
    """The keys of a page's rows, in their order."""
    parts = () if criteria.order else source.parts
    before, found = offset, list[dict[str, Any]]()
    for part in parts or (source.every,):
        filtered, ordered = _filtered(part, criteria)
        keys = filtered.with_only_columns(*(filtered.selected_columns[name] for name in criteria.key))
        wanted = keys.order_by(*ordered).limit(before + limit - len(found))
        there = [dict(key) for key in (await connection.execute(wanted)).mappings()]
        found += there[before:]
        before -= min(before, len(there))
        if len(found) == limit:
            break
    return found


async def _rows_of(
    connection: AsyncConnection, source: KeyedRows, criteria: Criteria, keys: Sequence[Row]
) -> list[dict[str, Any]]:
    """The rows of some keys, in their order."""
    found = (await connection.execute(source.of(keys))).mappings() if keys else ()
    by_key = {tuple(row[name] for name in criteria.key): dict(row) for row in found}
    return [by_key[tuple(key.values())] for key in keys]


def _page_of(rows: Sequence[Row], criteria: Criteria, offset: int, limit: int, counted: int) -> FoundRows:
    """The page of rows that are all there, unless they are more than are counted."""
    number, sums = None, {}
    if len(rows) <= counted:
        number = len(rows)
        sums = {name: sum(row[name] or 0 for row in rows) for name in criteria.summed}
    return FoundRows(rows[offset : offset + limit], number, sums, len(rows) > offset + limit)


def read_rows(source: Sequence[Row], criteria: Criteria, offset: int, limit: int) -> FoundRows:
    """Rows that are in memory."""
    kept = [
        row
        for row in source
        if all(each.holds(row.get(each.narrows), kind, value) for each, kind, value in criteria.narrowed)
    ]
    for name in (*reversed(criteria.key), criteria.order):
        if name:
            down = criteria.descending and name == criteria.order
            read = number if name in criteria.figures else _comparable
            values = [(read(row.get(name)), row) for row in kept]
            there = sorted((each for each in values if each[0] is not None), key=lambda each: each[0], reverse=down)
            kept = [row for _, row in there] + [row for value, row in values if value is None]
    sums = {name: sum((number(row.get(name)) or 0 for row in kept), Decimal(0)) for name in criteria.summed}
    return FoundRows(kept[offset : offset + limit], len(kept), sums, len(kept) > offset + limit)


def _comparable(value: Any) -> Any:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else value
