"""Grants that stand: awarded and not withdrawn."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load

grants = Table(
    "grants",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("grant", Text, primary_key=True, comment="annual or one_off"),
    Column("year", SmallInteger, primary_key=True, autoincrement=False, comment="0: once in a life"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("claim_id", Text, nullable=False, comment="the claim that brought it about"),
    not_negative("amount"),
    one_of("grant", ("annual", "one_off")),
    schema="projections",
)


async def load_grants(connection: AsyncConnection, person_ids: Iterable[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Grant rows by person."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in await load(connection, grants, grants.c.person_id, person_ids):
        found.setdefault(row["person_id"], []).append(row)
    return found
