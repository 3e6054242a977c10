"""What an id or a name leads to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from projections.enrolments import enrolments
from projections.hospitals import hospitals
from projections.statements import statements

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Find:
    """A page that something leads to; ``exact`` where the whole id was given."""

    path: str
    kind: str
    english: str
    id: str
    note: str
    exact: bool


async def find(connection: AsyncConnection, asked: str) -> list[Find]:
    """Persons, claims and events by their whole id, hospitals also by a part of their name."""
    finds: list[Find] = [
        *await _persons(connection, asked),
        *await _claims(connection, asked),
        *await _hospitals(connection, asked),
    ]
    return finds or await _events(connection, asked)


async def _persons(connection: AsyncConnection, asked: str) -> Sequence[Find]:
    enrolled = select(enrolments.c.person_id).where(enrolments.c.person_id == asked).limit(1)
    billed = select(statements.c.person_id).where(statements.c.person_id == asked).limit(1)
    if (await connection.execute(enrolled.union(billed))).first() is None:
        return []
    return [Find(f"/persons/{asked}", "参保人", "person", asked, "", exact=True)]


async def _claims(connection: AsyncConnection, asked: str) -> Sequence[Find]:
    query = select(statements.c.date, statements.c.hospital_id).where(statements.c.claim_id == asked)
    row = (await connection.execute(query)).first()
    if row is None:
        return []
    return [Find(f"/claims/{asked}", "结算单", "claim", asked, f"{row.date} {row.hospital_id}", exact=True)]


async def _hospitals(connection: AsyncConnection, asked: str) -> Sequence[Find]:
    named = hospitals.c.name.icontains(asked, autoescape=True)
    query = select(hospitals.c.hospital_id, hospitals.c.name).where(or_(hospitals.c.hospital_id == asked, named))
    rows = await connection.execute(query.order_by(hospitals.c.hospital_id).limit(MOST_FOUND))
    return [
        Find(
            f"/hospitals/{row.hospital_id}", "医疗机构", "hospital", row.hospital_id, row.name, row.hospital_id == asked
        )
        for row in rows
    ]


async def _events(connection: AsyncConnection, asked: str) -> list[Find]:
    """Facts by the id that their source gave them, several sources may have given the same; where each led to."""
    query = select(entries.c.type, entries.c.source, entries.c.journal, entries.c.number)
    of_id = (entries.c.source.is_not(None), entries.c.event_id == asked)
    rows = await connection.execute(query.where(*of_id).order_by(entries.c.journal, entries.c.number).limit(MOST_FOUND))
    found = []
    for row in rows:
        path = f"/events/{row.journal}/{row.number}"
        note = f"{row.type} {row.source} {row.journal} {row.number}"
        found.append(Find(path, "事件", "event", asked, note, exact=True))
    return found
