"""What was said of memberships, as ledger and imports have it."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from events.store.rows import among
from processors.rosters.imports import OF_A_ROSTER, Noted, imports
from processors.rosters.lists import Membership
from processors.rosters.memberships import Said, days_to_leave, word_of
from projections.enrolments import enrolments
from projections.rosters import rosters


async def load_histories(
    connection: AsyncConnection, source: str | None = None, persons: Iterable[str] = ()
) -> dict[Membership, list[Said]]:
    """Histories of memberships: all, or of the persons named and of those whom ``source`` ever spoke of."""
    query = (
        select(rosters, entries.c.source)
        .join(entries, (entries.c.journal == "intake") & (entries.c.number == rosters.c.number))
        .order_by(rosters.c.number)
    )
    if source is not None:
        spoken_of = select(entries.c.person_id).where(OF_A_ROSTER, entries.c.source == source)
        query = query.where(among(rosters.c.person_id, persons) | rosters.c.person_id.in_(spoken_of))
    found: dict[Membership, list[Said]] = {}
    for row in await connection.execute(query):
        said = Said(row.number, row.source, row.added, row.effective_on)
        found.setdefault((row.person_id, row.category), []).append(said)
    take_note(found, await imports(connection))
    return found


def take_note(histories: Mapping[Membership, list[Said]], taken: Iterable[Noted]) -> None:
    """Add what lists left out to the histories, as their records say it, in the order in which they were taken in."""
    for noted in taken:
        for membership in noted.left_out & histories.keys():
            history = histories[membership]
            known = [said for said in word_of(history, noted.source) if said.number <= noted.held_against]
            history += [
                Said(noted.held_against, noted.source, added=False, effective_on=day, noted=True)
                for day in days_to_leave(known, noted.effective_on, noted.until)
            ]


async def ever_enrolled(connection: AsyncConnection, persons: Iterable[str]) -> set[str]:
    """Those of some persons who have been enrolled in any year."""
    query = select(enrolments.c.person_id).where(among(enrolments.c.person_id, persons)).distinct()
    return set((await connection.execute(query)).scalars())
