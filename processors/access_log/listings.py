"""Looks as rows, newest first."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Select, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME, day_start
from events.decisions import PERSON_LOOKED_UP
from events.store.journal import entries
from processors.delivery.names import ACCESS_JOURNAL

Row = Mapping[str, Any]
KEYS = ("number", "at", "login", "owner", "person_id", "page", "case_id", "reason")


def looks_query() -> Select[Any]:
    """Every look: ``number``, ``at``, ``login``, ``owner``, ``person_id``, ``page``, ``case_id``, ``reason``."""
    said = cast(func.convert_from(entries.c.data, "UTF8"), JSONB)
    return select(
        entries.c.number,
        entries.c.recorded_at.label("at"),
        said["login"].astext.label("login"),
        func.coalesce(cast(said["owner"].astext, Boolean), False).label("owner"),
        said["person_id"].astext.label("person_id"),
        said["page"].astext.label("page"),
        said["case_id"].astext.label("case_id"),
        said["reason"].astext.label("reason"),
    ).where(entries.c.journal == ACCESS_JOURNAL, entries.c.type == PERSON_LOOKED_UP)


async def look_rows(
    engine: AsyncEngine, *, person_id: str | None = None, login: str | None = None, since: date | None = None
) -> AsyncIterator[Row]:
    """Looks, newest first; ``since`` a day of the county on."""
    looks = looks_query().subquery("looks")
    query = select(looks).order_by(looks.c.number.desc())
    if person_id is not None:
        query = query.where(looks.c.person_id == person_id)
    if login is not None:
        query = query.where(looks.c.login == login)
    if since is not None:
        query = query.where(looks.c.at >= day_start(since))
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            yield {name: getattr(row, name) for name in KEYS} | {"at": row.at.astimezone(COUNTY_TIME)}
