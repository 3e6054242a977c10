"""Ids that differ from a known person's in nothing but zeros before them or in capitals: 11 for 00011, m01 for M01."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import among
from processors.rosters.cells import UnusableCell
from processors.rosters.lists import RosterList
from projections.enrolments import enrolments
from projections.rosters import rosters


@dataclass(frozen=True, slots=True)
class KnownPersons:
    """Persons of the ledger: those who were ever enrolled, and those on whose roster anything was ever said."""

    enrolled: Collection[str]
    rostered: Collection[str]

    def standing(self, person_id: str) -> int:
        """How much the ledger knows of a person: an enrollment says more than a list."""
        return 2 if person_id in self.enrolled else 1 if person_id in self.rostered else 0


def near_key(person_id: str) -> str:
    """What near ids have in common."""
    return person_id.casefold().lstrip("0")


def near_ids(listed: Iterable[str], known: KnownPersons) -> dict[str, str]:
    """The listed ids that are held back, each with the one that it may have meant.

    That is one of whom the ledger knows more. Of two that stand in one list, and neither of whom is enrolled, each is
    held back. Persons who are enrolled under both ids are two persons.
    """
    alike: dict[str, set[str]] = {}
    for person_id in {*listed, *known.enrolled, *known.rostered}:
        alike.setdefault(near_key(person_id), set()).add(person_id)
    found: dict[str, str] = {}
    here = set(listed)
    for person_id in sorted(here):
        own = known.standing(person_id)
        others = alike[near_key(person_id)] - {person_id}
        better = [
            other
            for other in others
            if known.standing(other) > own or (known.standing(other) == own < 2 and other in here)
        ]
        if better:
            found[person_id] = max(better, key=lambda other: (known.standing(other), other))
    return found


def hold_back(read: RosterList, near: Mapping[str, str]) -> None:
    """Take the rows of near ids out of a list and refuse them, so that neither of a pair is added or removed."""
    for membership in [each for each in read.rows if each[0] in near]:
        person_id, other = membership[0], near[membership[0]]
        row = read.rows.pop(membership)
        read.listed.pop(membership, None)
        read.ended.pop(membership, None)
        fault = UnusableCell(
            "near_person_id",
            f"{person_id} 与 {other} 只差前导零或大小写，请核对",
            "they differ in zeros before them or in capitals only",
        )
        read.refuse(row, fault, person_id, other)


async def load_known_persons(connection: AsyncConnection, listed: Iterable[str]) -> KnownPersons:
    """Who of the ledger bears a listed id, or one near to it."""
    keys = {near_key(person_id) for person_id in listed}
    found = []
    for table in (enrolments, rosters):
        key = func.ltrim(func.lower(table.c.person_id), "0")
        rows = await connection.execute(select(table.c.person_id).where(among(key, keys)).distinct())
        found.append(frozenset(rows.scalars()))
    return KnownPersons(*found)
