"""How many claims and runs a person has had: the next claim number and run number."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import load_as

persons = Table(
    "persons",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("runs", BigInteger, nullable=False),
    schema="projections",
)


class Person(Struct):
    """The last claim number and run number given to a person."""

    person_id: str
    claims: int = 0
    runs: int = 0


async def load_persons(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Person]:
    """Persons by id, those that have had a claim."""
    found = await load_as(connection, Person, persons, persons.c.person_id, ids)
    return {person.person_id: person for person in found}
