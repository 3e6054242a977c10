"""Premiums: what each payer has paid for a person's insurance of a year."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load_as
from policies.funds import BookedFund, booked_fund

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

_ORDER = tuple(premiums.primary_key.columns)

PremiumKey = tuple[int, str, str, str, str, str]
"""year, region, scheme name, layer, kind, payer: no two premiums of a person share these."""


class PayerPremium(Struct, frozen=True):
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
        """The key that no other premium of the person has."""
        return self.year, self.region, self.scheme, self.layer, self.kind, self.payer


_REFUND_REGIONS = text("""
SELECT DISTINCT ON (person_id, year) person_id, year,
       coalesce(said ->> 'clears_in', said ->> 'region') AS region
FROM ledger.entries
CROSS JOIN LATERAL (SELECT convert_from(data, 'UTF8')::json AS said) AS booked
WHERE person_id = ANY(CAST(:persons AS text[])) AND type = 'premium.refunded.v1'
ORDER BY person_id, year, number
""")
_INSURANCES = text("""
SELECT DISTINCT ON (person_id, year, region, scheme, layer, type, payer) person_id, year, said ->> 'region' AS region,
       scheme, layer, split_part(type, '.', 2) AS kind, track AS payer, said #>> '{to,fund}' AS fund,
       said #>> '{to,insurer}' AS insurer
FROM ledger.entries
CROSS JOIN LATERAL (SELECT convert_from(data, 'UTF8')::json AS said) AS booked
WHERE person_id = ANY(CAST(:persons AS text[])) AND type IN ('premium.subsidised.v1', 'premium.purchased.v1')
ORDER BY person_id, year, region, scheme, layer, type, payer, number DESC
""")


def premium_json(premium: PayerPremium) -> dict[str, Any]:
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


async def load_premiums(
    connection: AsyncConnection, persons: Iterable[str]
) -> dict[str, dict[PremiumKey, PayerPremium]]:
    """Premiums by person, those too that are 0 by now."""
    found: dict[str, dict[PremiumKey, PayerPremium]] = {}
    for premium in await load_as(connection, PayerPremium, premiums, premiums.c.person_id, persons, *_ORDER):
        found.setdefault(premium.person_id, {})[premium.key] = premium
    return found


async def load_refund_regions(connection: AsyncConnection, persons: Iterable[str]) -> dict[tuple[str, int], str]:
    """The region in which the first refund of a person's year came to stand, by person and year.

    From the ledger: what is booked says where it is cleared, and no row of premiums does.
    """
    rows = await connection.execute(_REFUND_REGIONS, {"persons": sorted(set(persons))})
    return {(row.person_id, row.year): row.region for row in rows}


async def load_insurances(
    connection: AsyncConnection, persons: Iterable[str]
) -> dict[tuple[str, PremiumKey], BookedFund]:
    """The fund that has got what is booked of each premium, by person and premium.

    From the ledger: whatever a text says by now, what is not due any more comes back from the fund that has got it.
    """
    return {
        (row.person_id, (row.year, row.region, row.scheme, row.layer, row.kind, row.payer)): booked_fund(
            row.fund, row.insurer, row.layer
        )
        for row in await connection.execute(_INSURANCES, {"persons": sorted(set(persons))})
    }
