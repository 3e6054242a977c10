"""Grants that stand: awarded and not withdrawn."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, SmallInteger, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import GRANT_AWARDED
from events.store.journal import GRANT_STAGES
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load
from policies.funds import BookedFund, booked_fund
from projections.bookings import FUND, INSURER

GrantKey = tuple[str, str, int]
"""scheme name, kind, year (0: once in a life)"""

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


_FUNDS = text(f"""
SELECT DISTINCT ON (person_id, scheme, said."grant", said.year)
       person_id, scheme, said."grant", said.year, {FUND} AS fund, {INSURER} AS insurer
FROM ledger.entries AS entry
CROSS JOIN LATERAL json_to_record(convert_from(data, 'UTF8')::json) AS said("grant" text, year smallint)
WHERE person_id = ANY(CAST(:persons AS text[])) AND stage = ANY(:stages) AND type = '{GRANT_AWARDED}'
ORDER BY person_id, scheme, said."grant", said.year, run DESC
""")  # noqa: S608 - our own names


async def load_grant_funds(
    connection: AsyncConnection, person_ids: Iterable[str]
) -> dict[tuple[str, GrantKey], BookedFund]:
    """The fund on which each grant of some persons was awarded last, by person and grant.

    From the ledger: whatever a text says by now, what is withdrawn comes back to the fund that paid it.
    """
    within = {"persons": sorted(set(person_ids)), "stages": sorted(GRANT_STAGES.values())}
    return {
        (row.person_id, (row.scheme, row.grant, row.year)): booked_fund(row.fund, row.insurer, row.grant)
        for row in await connection.execute(_FUNDS, within)
    }
