"""Fines imposed on hospitals: a register of its own, which no settlement reads and no audit deduction enters."""

from collections.abc import Iterable

from msgspec import Struct, field
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, exists, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from events.store.metadata import metadata, not_negative
from events.store.rows import load

fines = Table(
    "fines",
    metadata,
    Column("fine_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("hospital_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("imposed_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("clause", Text),
    Column("source", Text, nullable=False, comment="the bureau"),
    Column("replaces", Text, comment="the earlier fine that it takes the place of"),
    Index("fines_hospital", "hospital_id"),
    Index("fines_replaces", "replaces", unique=True, postgresql_where=text("replaces IS NOT NULL")),
    not_negative("amount"),
    schema="projections",
)
_LATER = fines.alias("later")
REPLACED_BY = select(_LATER.c.fine_id).where(_LATER.c.replaces == fines.c.fine_id).scalar_subquery()
"""The fine that took the place of one; null where it stands."""
STANDS: ColumnElement[bool] = ~exists().where(_LATER.c.replaces == fines.c.fine_id)
"""Whether no other fine took the place of one."""


class KnownFines(Struct):
    """Of fines that have been recorded the hospital, and which of them others have replaced."""

    hospitals: dict[str, str] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)

    def stands(self, fine_id: str, hospital_id: str) -> bool:
        """Whether a fine is one of a hospital and none has taken its place."""
        return self.hospitals.get(fine_id) == hospital_id and fine_id not in self.replaced

    def add(self, fine_id: str, hospital_id: str, replaces: str | None) -> None:
        """Enter one that has just been recorded."""
        self.hospitals[fine_id] = hospital_id
        if replaces is not None:
            self.replaced.add(replaces)


async def known_fines(connection: AsyncConnection, fine_ids: Iterable[str]) -> KnownFines:
    """What is known of fines by their ids."""
    asked = list(fine_ids)
    known = KnownFines()
    for row in await load(connection, fines, fines.c.fine_id, asked):
        known.hospitals[row["fine_id"]] = row["hospital_id"]
    known.replaced |= {row["replaces"] for row in await load(connection, fines, fines.c.replaces, asked)}
    return known
