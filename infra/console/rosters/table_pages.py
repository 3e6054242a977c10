"""A page with several tables: each has its own filters, and is exported by itself."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from infra.console.listing import Listing, Source
from infra.console.pages import render
from infra.console.visitor import Visitor


async def show_tables(
    request: Request, visitor: Visitor, tables: Sequence[tuple[Listing, Source]], template: str, **values: Any
) -> Response:
    """The page; where the address asks for a table as a file, the file in its place. The template has ``pages``."""
    for listing, source in tables:
        form = request.query_params.get(listing.parameter("format"))
        if form is not None:
            return await listing.export(request, visitor, source, form)
    pages = [await listing.read(request, visitor, source) for listing, source in tables]
    return render(request, template, pages=pages, **values)
