"""Who took a step of an office's journal: the columns that keep it, and what an event says of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Text

LOGIN = "of the database; null where it is its owner's"
TELLS_NOBODY_APART = f"{LOGIN}, which tells nobody apart"


def signature_columns(
    step: str, *, required: bool = False, at: bool = True, comment: str | None = None, login: str | None = None
) -> Iterator[Column[Any]]:
    """Columns ``<step>_by``, ``<step>_login`` and, with ``at``, ``<step>_at``.

    ``comment`` and ``login`` are comments of the first two. The login may always be missing: the owner's is none, and
    older events have none.
    """
    yield Column(f"{step}_by", Text, nullable=not required, comment=comment)
    yield Column(f"{step}_login", Text, comment=login)
    if at:
        yield Column(f"{step}_at", DateTime(timezone=True), nullable=not required)


def signature(step: str, data: Mapping[str, Any], at: datetime | None = None) -> dict[str, Any]:
    """Who took the step that an event tells, and under which login, as these columns; with ``at`` when, too."""
    signed = {f"{step}_by": data["actor"], f"{step}_login": login_told(data)}
    return signed if at is None else signed | {f"{step}_at": at}


def login_told(data: Mapping[str, Any]) -> str | None:
    """The login under which an event was written; none of the database's owner, which tells nobody apart."""
    return None if data.get("owner") else data.get("login")
