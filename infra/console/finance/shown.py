"""Books and records of finance: listings with the forms of their steps, and one record with what was done to it."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from infra.cli.clearing_text import moment_shown
from infra.console.errors import NotFound
from infra.console.finance.forms import StepForm
from infra.console.finance.tabs import tabs_of
from infra.console.listing import Listing, Source, asked_file
from infra.console.pages import render
from infra.console.visitor import Visitor
from infra.words.clearing import STEP_NAMES
from processors.offices.refusal import NoSuchRecord


async def show_book(
    request: Request,
    visitor: Visitor,
    listed: Sequence[tuple[Listing, Source]],
    *,
    title: str,
    help: str,  # noqa: A002 - what the template's block is called
    forms: Sequence[StepForm] = (),
    links: Sequence[tuple[str, str, str]] = (),
) -> Response:
    """A page of listings, with steps above them; where the address asks for a file of one of them, the file."""
    if (file := await asked_file(request, visitor, listed)) is not None:
        return file
    pages = [await listing.read(request, visitor, source) for listing, source in listed]
    chinese, _, english = title.partition(" ")
    return render(
        request,
        "finance/book.html",
        chinese=chinese,
        english=english,
        pages=pages,
        forms=forms,
        links=links,
        help=help,
        tabs=tabs_of(visitor),
    )


def show_record(
    request: Request,
    visitor: Visitor,
    *,
    title: str,
    id: str,  # noqa: A002 - what it is
    facts: Sequence[tuple[str, str, Any]],
    help: str,  # noqa: A002 - what the template's block is called
    forms: Sequence[StepForm] = (),
    history: Sequence[Mapping[str, Any]] = (),
    parts: Sequence[tuple[str, str, str]] = (),
    parts_title: str = "",
) -> Response:
    """One record; ``parts`` are an address, what it is, and yuan."""
    chinese, _, english = title.partition(" ")
    return render(
        request,
        "finance/record.html",
        chinese=chinese,
        english=english,
        id=id,
        facts=facts,
        forms=forms,
        history=history,
        parts_of=parts,
        parts_title=parts_title,
        step_names=STEP_NAMES,
        when=moment_shown,
        help=help,
        tabs=tabs_of(visitor),
    )


def clearing_parts(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """What clearings took of a record: the ``parts`` of its page."""
    return [(f"/clearing/{row['clearing_id']}", row["clearing_id"], row["amount"]) for row in rows]


async def found(record: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """A record. Raises ``NotFound`` where the books have none of the id, in their words."""
    try:
        return await record
    except NoSuchRecord as refused:
        raise NotFound(str(refused)) from refused
