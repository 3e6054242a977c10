"""The statements about memberships, read from the ledger and from the records of imports."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries
from events.store.rows import among
from processors.delivery.names import INTAKE_JOURNAL
from processors.rosters.imports import IS_ROSTER_CHANGE, ImportRecord, ListRecord, WithdrawalRecord, load_records
from processors.rosters.lists import Membership
from processors.rosters.memberships import DepartmentStatement, removal_days, statements_of
from projections.rosters import rosters


async def load_histories(
    connection: AsyncConnection, source: str | None = None, persons: Iterable[str] = ()
) -> dict[Membership, list[DepartmentStatement]]:
    """Histories of all memberships; with ``source``, of the persons named and of those of whom it ever spoke."""
    found = await load_changes(connection, source, persons)
    add_records(found, await load_records(connection))
    return found


async def load_changes(
    connection: AsyncConnection, source: str | None = None, persons: Iterable[str] = ()
) -> dict[Membership, list[DepartmentStatement]]:
    """As ``load_histories``, without what only the records of lists say."""
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
    return found


def add_records(histories: Mapping[Membership, list[DepartmentStatement]], records: Iterable[ListRecord]) -> None:
    """Add to the histories what only the records of lists say, in the order of the records.

    A list leaves out whom other departments keep; a withdrawal moves its department's support back.
    """
    for record in records:
        if isinstance(record, ImportRecord):
            _add_omissions(histories, record)
        else:
            _add_unbooked(histories, record)


def _add_omissions(histories: Mapping[Membership, list[DepartmentStatement]], record: ImportRecord) -> None:
    for membership in record.left_out & histories.keys():
        history = histories[membership]
        known = [said for said in statements_of(history, record.source) if said.number <= record.last_change]
        history += [
            DepartmentStatement(record.last_change, record.source, added=False, effective_on=day, unbooked=True)
            for day in removal_days(known, record.effective_on, record.until)
        ]


def _add_unbooked(histories: Mapping[Membership, list[DepartmentStatement]], record: WithdrawalRecord) -> None:
    for membership, added, day in record.unbooked:
        history = histories.get(membership)
        if history is not None:
            history.append(DepartmentStatement(record.last_change, record.source, added, day, unbooked=True))
