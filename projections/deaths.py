"""Deaths as last reported: they end a person's enrollment."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import BigInteger, Column, Date, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import load

deaths = Table(
    "deaths",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("died_on", Date, nullable=False, comment="the last day insured"),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("source", Text, nullable=False, comment="who reported it last"),
    schema="projections",
)


async def load_deaths(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, date]:
    """Days of death by person."""
    return {row["person_id"]: row["died_on"] for row in await load(connection, deaths, deaths.c.person_id, persons)}
