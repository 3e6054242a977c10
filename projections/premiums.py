"""Premiums: what each payer has paid for a person's insurance of a year."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load_as

premiums = Table(
    "premiums",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True, comment="in which the person is enrolled, whose payers pay"),
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("layer", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="subsidised, purchased, or refunded: the part that went to him"),
    Column("payer", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False, comment="fen, net of corrections; 0 where nothing is due any more"),
    Column("category", Text, nullable=False, comment="of the roster, for which it is paid"),
    Column("cite", Text, nullable=False, comment="the clause"),
    Column("grade", Text, nullable=False, comment="how well the amount is known"),
    Index("premiums_year", "year", "scheme", "layer"),
    not_negative("amount"),
    one_of("kind", ("subsidised", "purchased", "refunded")),
    schema="projections",
)

PremiumKey = tuple[int, str, str, str, str, str]
"""year, region, scheme name, layer, kind, payer: one person's premiums are told apart by these."""


class Premium(Struct, frozen=True):
    """One payer's part of a person's premium of a year; ``amount`` in fen, 0 where nothing is due any more."""

    person_id: str
    year: int
    region: str
    scheme: str
    layer: str
    kind: str
    payer: str
    amount: int
    category: str
    cite: str
    grade: str

    @property
    def key(self) -> PremiumKey:
        """What tells it apart from the person's others."""
        return self.year, self.region, self.scheme, self.layer, self.kind, self.payer


def premium_json(premium: Premium) -> dict[str, Any]:
    """A premium for people and programs, money in yuan."""
    return {
        "person_id": premium.person_id,
        "year": premium.year,
        "region": premium.region,
        "scheme": premium.scheme,
        "layer": premium.layer,
        "kind": premium.kind,
        "payer": premium.payer,
        "amount": yuan(premium.amount),
        "category": premium.category,
        "grade": premium.grade,
        "cite": premium.cite,
    }


async def load_premiums(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, dict[PremiumKey, Premium]]:
    """Premiums by person, those too that are 0 by now."""
    found: dict[str, dict[PremiumKey, Premium]] = {}
    for premium in await load_as(connection, Premium, premiums, premiums.c.person_id, persons):
        found.setdefault(premium.person_id, {})[premium.key] = premium
    return found
