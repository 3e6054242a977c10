"""Chronic cards: issues and revocations in the order they were recorded."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, one_of
from events.store.rows import load_as

cards = Table(
    "cards",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the fact in journal intake"),
    Column("person_id", Text, nullable=False),
    Column("disease", Text, nullable=False),
    Column("disease_class", Text, nullable=False),
    Column("issued", Boolean, nullable=False, comment="false: revoked"),
    Column("effective_on", Date, nullable=False),
    Index("cards_person", "person_id"),
    one_of("disease_class", ("I", "II")),
    schema="projections",
)


class CardChange(Struct, frozen=True):
    """A card is issued, or the cards for its disease are revoked, on a day."""

    number: int
    person_id: str
    disease: str
    disease_class: str
    issued: bool
    effective_on: date


def valid_cards(changes: Sequence[CardChange], day: date) -> dict[str, str]:
    """Disease → class of the cards valid on a day; of several for one disease the last recorded counts.

    A revocation ends, on its day (exclusive), every card for that disease that was recorded before it and began by
    then (docs/domain.md#acceptance).
    """
    valid: dict[str, str] = {}
    for position, card in enumerate(changes):
        if not card.issued or card.effective_on > day:
            continue
        revoked = any(
            not later.issued and later.disease == card.disease and card.effective_on <= later.effective_on <= day
            for later in changes[position + 1 :]
        )
        if not revoked:
            valid[card.disease] = card.disease_class
    return valid


async def load_cards(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[CardChange]]:
    """Card changes by person, in recorded order."""
    changes: dict[str, list[CardChange]] = {}
    for change in await load_as(connection, CardChange, cards, cards.c.person_id, persons, cards.c.number):
        changes.setdefault(change.person_id, []).append(change)
    return changes
