"""The one table of the console: declared columns, filters from the address, order, pages, sums, links and exports.

A route shows one with ``show_listing``; a page with several reads each with ``Listing.read`` and places the macro
``listing_table`` of ``console/components.html``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.console.background import WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.exports import AT_ONCE, MOST_ROWS, Export, export_file, require_format
from infra.console.kept_rows import Newest
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.listing_sources import AllOf, Criteria, FoundRows, KeyedRows, read_rows, read_select
from infra.console.looks import record_only_person
from infra.console.pages import query_text, render
from infra.console.stamp import Stamp, ledger_stamp
from infra.console.state import state_of
from infra.console.visitor import Visitor

Queried = Select[Any] | KeyedRows
Source = Queried | Sequence[Row] | Callable[[AsyncConnection], Awaitable[Queried]]
"""Where rows come from: a query whose columns are the listing's; what makes one, at the moment of the ledger that is
shown; or rows that were made in memory."""
PER_PAGE = 50
MOST_COUNTED = 10_000
"""Of more rows than that neither number nor sums are told, for they would have to be read for it."""
MOST_PAGES = 10_000


@dataclass(frozen=True)
class Listing:
    """A table's declaration.

    ``order`` is the name of a column, with a dash before it from the last to the first. ``key`` are names of columns
    that tell any two rows apart. ``counted``: what is shown are finance's sums. ``personal``: it names persons.
    ``prefixed``: its parameters begin with ``<name>.`` in the address, for a page with several listings.
    ``grouped``: its query adds up rows into few, so that it is asked once, and these are counted in memory.
    ``newest``: of a grouped one whose query takes long: the newest entries that it adds up, under which it is kept.
    ``looks``: of a personal one, whether it is a look at a person where filters leave the rows of that one alone.
    """

    name: str
    title: str
    columns: tuple[ListColumn, ...]
    filters: tuple[ListFilter, ...] = ()
    order: str = ""
    key: tuple[str, ...] = ()
    counted: bool = False
    personal: bool = False
    prefixed: bool = False
    per_page: int = PER_PAGE
    grouped: bool = False
    newest: Newest | None = None
    looks: bool = True

    def parameter(self, name: str) -> str:
        """What a parameter of this listing is called in the address."""
        return f"{self.name}.{name}" if self.prefixed else name

    def filter_parameter(self, each: ListFilter) -> str:
        """What a filter of this listing is called in the address."""
        return each.name if each.shared else self.parameter(each.name)

    def criteria(self, request: Request) -> Criteria:
        """What the address asks for. Raises ``Unprocessable`` where it makes no sense."""
        given = request.query_params
        kinds = {column.name: column.kind for column in self.columns}
        texts, narrowed = {}, []
        for each in self.filters:
            text = given.get(self.filter_parameter(each), "").strip()
            if text:
                texts[each.name] = text
                narrowed.append((each, kinds.get(each.narrows), each.read(text)))
        order = given.get(self.parameter("sort")) or self.order
        name = order.removeprefix("-")
        if name and name not in {column.name for column in self.columns if column.sortable} | {self.order.lstrip("-")}:
            raise Unprocessable(FieldTrouble("sort", f"没有列 {name}", "no such column"))
        page = given.get(self.parameter("page"), "1")
        if not page.isdecimal() or not 1 <= int(page) <= MOST_PAGES:
            raise Unprocessable(FieldTrouble("page", f"没有第 {page} 页", "no such page"))
        key = self.key or tuple(column.name for column in self.columns if column.kind == "id")[:1]
        summed = tuple(column.name for column in self.columns if column.summed)
        descending = order.startswith("-")
        figures = frozenset(column.name for column in self.columns if column.figures)
        return Criteria(texts, tuple(narrowed), name, descending, key, summed, int(page), self.grouped, figures)

    async def read(self, request: Request, visitor: Visitor, source: Source) -> "ListingPage":
        """The rows that the address asks for. Raises ``Unprocessable`` where it makes no sense."""
        criteria = self.criteria(request)
        offset = (criteria.page - 1) * self.per_page
        async with visitor.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            stamp = await ledger_stamp(connection, visitor, counted=self.counted)
            now = await source(connection) if callable(source) else source
            if isinstance(now, Select | KeyedRows):
                all_of = self._kept(request, criteria)
                found = await read_select(connection, now, criteria, offset, self.per_page, MOST_COUNTED, all_of)
            elif len(now) > MOST_COUNTED:  # to narrow and to order them takes long: others' pages go on meanwhile
                found = await asyncio.to_thread(read_rows, now, criteria, offset, self.per_page)
            else:
                found = read_rows(now, criteria, offset, self.per_page)
        await self._record(request, visitor, criteria, found)
        return ListingPage(self, criteria, found, stamp, request.url.path, dict(request.query_params))

    def _kept(self, request: Request, criteria: Criteria) -> AllOf | None:
        """Reads all rows of a query that is kept, where it is."""
        newest = self.newest
        if newest is None:
            return None
        question = (self.name, tuple(sorted(criteria.texts.items())), criteria.order, criteria.descending)
        return lambda connection, query: state_of(request).rows.read(connection, newest, question, query)

    async def export(self, request: Request, visitor: Visitor, source: Source, form: str) -> Response:
        """All rows that the address asks for, as a file, at once or as work in the background where they are many.

        Raises ``Unprocessable`` for a format that there is not.
        """
        require_format(form)
        criteria = self.criteria(request)
        found = await self._rows(visitor.engine, visitor, source, criteria, AT_ONCE[form])
        await self._record(request, visitor, criteria, found[0])
        if not found[0].more:
            file = await export_file(self._export(*found, criteria), form)
            headers = {"content-disposition": f'attachment; filename="{file.name}"'}
            return Response(file.content, media_type=file.media_type, headers=headers)

        async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
            progress.set(0, None, "读取 reading")
            rows, stamp = await self._rows(engine, visitor, source, criteria, MOST_ROWS[form])
            if rows.more:
                most = MOST_ROWS[form]
                raise Unprocessable(
                    FieldTrouble("format", f"超过 {most} 行，请先筛选", f"more than {most} rows: filter")
                )
            progress.set(0, None, f"写入 {len(rows.rows)} 行 writing")
            file = await export_file(self._export(rows, stamp, criteria), form)
            return WorkOutcome(f"共 {len(rows.rows)} 行。{len(rows.rows)} rows", file=file)

        title = f"导出：{self.title.partition(' ')[0]} Export"
        started = state_of(request).works.start(visitor, f"export {visitor.login}", title, work)
        return RedirectResponse(f"/jobs/{started.id}", 303)

    async def _record(self, request: Request, visitor: Visitor, criteria: Criteria, found: FoundRows) -> None:
        if self.personal and self.looks and criteria.texts:
            await record_only_person(request, visitor, found.rows, self.name)

    async def _rows(
        self, engine: AsyncEngine, visitor: Visitor, source: Source, criteria: Criteria, most: int
    ) -> tuple[FoundRows, Stamp]:
        """Rows and the ledger's position at one moment."""
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            stamp = await ledger_stamp(connection, visitor, counted=self.counted)
            now = await source(connection) if callable(source) else source
            if isinstance(now, Select | KeyedRows):
                return await read_select(connection, now, criteria, 0, most, 0), stamp
        return read_rows(now, criteria, 0, most), stamp

    def _export(self, found: FoundRows, stamp: Stamp, criteria: Criteria) -> Export:
        asked = [each for each in self.filters if each.name in criteria.texts]
        filters = {each.chinese: each.shown(criteria.texts[each.name]) for each in asked}
        return Export(self.name, self.title, self.columns, found.rows, filters, stamp, self.personal)


@dataclass(frozen=True)
class ListingPage:
    """A page of a listing, as the macro ``listing_table`` shows it."""

    listing: Listing
    criteria: Criteria
    found: FoundRows
    stamp: Stamp
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The place of the first row that is shown, from 1."""
        return (self.criteria.page - 1) * self.listing.per_page + 1

    @property
    def last(self) -> int:
        """The place of the last one."""
        return self.first + len(self.found.rows) - 1

    def address(self, **changes: Any) -> str:
        """The address with other parameters of this listing; None takes one away."""
        changed = {self.listing.parameter(name): value for name, value in changes.items()}
        query = query_text({**self.parameters, **changed})
        return f"{self.path}?{query}" if query else self.path

    def sort_address(self, column: ListColumn) -> str:
        """The address that orders by a column; the other way round where it does so now."""
        turned = self.criteria.order == column.name and not self.criteria.descending
        return self.address(sort=f"-{column.name}" if turned else column.name, page=None)

    def direction(self, column: ListColumn) -> str | None:
        """How the rows are ordered by a column, in ARIA's words."""
        if self.criteria.order != column.name:
            return None
        return "descending" if self.criteria.descending else "ascending"

    def kept(self) -> dict[str, str]:
        """Parameters that a form of filters carries on: those of others, and the order."""
        ours = {self.listing.filter_parameter(each) for each in self.listing.filters} | {self.listing.parameter("page")}
        return {name: value for name, value in self.parameters.items() if name not in ours}

    def link(self, column: ListColumn, row: Row) -> str | None:
        """What is behind a cell."""
        return None if column.link is None else column.link(row)

    def total_link(self, column: ListColumn) -> str | None:
        """What is behind the sum of a column."""
        return None if column.total_link is None else column.total_link(self.criteria.texts)

    def sum_of(self, column: ListColumn) -> Decimal | int | None:
        """The sum of a column over all rows of the filter; None where it has none, or rows are too many."""
        return self.found.sums.get(column.name)


async def asked_file(request: Request, visitor: Visitor, listed: Iterable[tuple[Listing, Source]]) -> Response | None:
    """The file of that listing of a page for which the address asks; None where it asks for the page."""
    for listing, source in listed:
        form = request.query_params.get(listing.parameter("format"))
        if form is not None:
            return await listing.export(request, visitor, source, form)
    return None


async def show_listing(
    request: Request,
    visitor: Visitor,
    listing: Listing,
    source: Source,
    template: str = "console/listing.html",
    **values: Any,
) -> Response:
    """The page of a listing; where the address has ``format``, the file in its place.

    The template has ``page``, a ``ListingPage``, beside ``values``.
    """
    if (file := await asked_file(request, visitor, [(listing, source)])) is not None:
        return file
    return render(request, template, page=await listing.read(request, visitor, source), **values)
