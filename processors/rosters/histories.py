"""The statements about memberships, read from the ledger and from the records of imports."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from events.store.rows import among
from processors.delivery.names import INTAKE_JOURNAL
from processors.rosters.imports import IS_ROSTER_CHANGE, ImportRecord, load_imports
from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement, removal_days, statements_of
from projections.enrolments import enrolments
from projections.rosters import rosters


async def load_histories(
    connection: AsyncConnection, source: str | None = None, persons: Iterable[str] = ()
) -> dict[Membership, list[DepartmentStatement]]:
    """Histories of all memberships; with ``source``, of the persons named and of those of whom it ever spoke."""
    query = (
        select(rosters, entries.c.source)
        .join(entries, (entries.c.journal == INTAKE_JOURNAL) & (entries.c.number == rosters.c.number))
        .order_by(rosters.c.number)
    )
    if source is not None:
        spoken_of = select(entries.c.person_id).where(IS_ROSTER_CHANGE, entries.c.source == source)
        query = query.where(among(rosters.c.person_id, persons) | rosters.c.person_id.in_(spoken_of))
    found: dict[Membership, list[DepartmentStatement]] = {}
    for row in await connection.execute(query):
        statement = DepartmentStatement(row.number, row.source, row.added, row.effective_on)
        found.setdefault((row.person_id, row.category), []).append(statement)
    add_omissions(found, await load_imports(connection))
    return found


def add_omissions(histories: Mapping[Membership, list[DepartmentStatement]], records: Iterable[ImportRecord]) -> None:
    """Add to the histories what lists left out, as the records of their imports say, in the order of the imports."""
    for record in records:
        for membership in record.left_out & histories.keys():
            history = histories[membership]
            known = [said for said in statements_of(history, record.source) if said.number <= record.last_change]
            history += [
                DepartmentStatement(record.last_change, record.source, added=False, effective_on=day, omission=True)
                for day in removal_days(known, record.effective_on, record.until)
            ]


async def ever_enrolled(connection: AsyncConnection, persons: Iterable[str]) -> set[str]:
    """Those of some persons who have been enrolled in any year."""
    query = select(enrolments.c.person_id).where(among(enrolments.c.person_id, persons)).distinct()
    return set((await connection.execute(query)).scalars())
