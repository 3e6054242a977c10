"""How many claims and runs a person has had: the next claim number and run number."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.tables import metadata
from projections.rows import load

persons = Table(
    "persons",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("runs", BigInteger, nullable=False),
    schema="projections",
)


@dataclass(slots=True)
class Person:
    """The last claim number and run number given to a person."""

    person_id: str
    claims: int = 0
    runs: int = 0


async def load_persons(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Person]:
    """Persons by id, those that have had a claim."""
    return {row["person_id"]: Person(**row) for row in await load(connection, persons, persons.c.person_id, ids)}
