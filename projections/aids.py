"""Decisions on aid: what of a claim a layer pays whose amount is decided claim by claim."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, not_negative
from events.store.rows import load
from policies.claim import Aid

aids = Table(
    "aids",
    metadata,
    Column("region", Text, primary_key=True, comment="of the office that stated it"),
    Column("decision_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("claim_id", Text, nullable=False),
    Column("layer", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("decided_on", Date, nullable=False),
    Column("withdrawn", Boolean, nullable=False, comment="taken back by aid.withdrawn.v1"),
    Index("aids_claim", "claim_id"),
    not_negative("amount"),
    schema="projections",
    comment="a decision_id names one decision of its region",
)


class AidDecision(NamedTuple):
    """One decision; ``amount`` in fen."""

    region: str
    decision_id: str
    number: int
    claim_id: str
    layer: str
    amount: int
    decided_on: date
    withdrawn: bool


async def load_decisions(
    connection: AsyncConnection, decision_ids: Iterable[str]
) -> dict[tuple[str, str], AidDecision]:
    """Decisions with some numbers, by region and number."""
    rows = await load(connection, aids, aids.c.decision_id, decision_ids)
    return {(row["region"], row["decision_id"]): AidDecision(**row) for row in rows}


async def load_aids(connection: AsyncConnection, claim_ids: Iterable[str]) -> dict[str, list[Aid]]:
    """The decisions that stand, by claim, in recorded order."""
    found: dict[str, list[Aid]] = {}
    for row in await load(connection, aids, aids.c.claim_id, claim_ids, aids.c.number):
        if not row["withdrawn"]:
            found.setdefault(row["claim_id"], []).append(Aid(row["number"], row["layer"], row["amount"]))
    return found
