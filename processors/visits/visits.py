"""Stays and visits: registered, changed, found again."""

from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared
from processors.visits.visit_rows import RegisteredVisit, stored, visits

_SERIAL_DIGITS = 12
_SELECT = select(visits).where(visits.c.mdtrt_id == bindparam("mdtrt_id"))
_VISIT, _VISIT_LOCKED = Prepared(_SELECT), Prepared(_SELECT.with_for_update())


def visit_id(fixmedins_code: str, number: int) -> str:
    """就诊ID of what a transaction registers: the hospital's number, a letter, the transaction's.

    25 characters of a national code of 12. The letter keeps it from beginning with a longer number of another hospital.
    """
    return f"{fixmedins_code}M{number:0{_SERIAL_DIGITS}d}"


def settlement_id(fixmedins_code: str, number: int) -> str:
    """结算ID of what a transaction settles, which is the ledger's claim id."""
    return f"{fixmedins_code}S{number:0{_SERIAL_DIGITS}d}"


def trial_id(mdtrt_id: str) -> str:
    """The claim id of a trial, which is never booked."""
    return f"{mdtrt_id}-trial"


async def insert_visit(connection: AsyncConnection, visit: RegisteredVisit) -> None:
    """Register a visit; one that is there already stays as it is."""
    await connection.execute(insert(visits).values(structs.asdict(visit)).on_conflict_do_nothing())


async def load_visit(connection: AsyncConnection, mdtrt_id: str, *, lock: bool = False) -> RegisteredVisit | None:
    """A visit; with ``lock`` nobody else registers lines or settles until the transaction ends."""
    records = await (_VISIT_LOCKED if lock else _VISIT).fetch(connection, mdtrt_id=mdtrt_id)
    return next((RegisteredVisit(**stored(record)) for record in records), None)


async def visits_of_person(
    connection: AsyncConnection, fixmedins_code: str, psn_no: str, first: datetime, last: datetime
) -> list[RegisteredVisit]:
    """A person's visits to a hospital that began within a time, the oldest first; those the ledger refused are none."""
    query = (
        select(visits)
        .where(
            visits.c.psn_no == psn_no,
            visits.c.fixmedins_code == fixmedins_code,
            visits.c.began_at.between(first, last),
            visits.c.state.in_(("open", "cancelled")),
        )
        .order_by(visits.c.began_at, visits.c.mdtrt_id)
    )
    return [RegisteredVisit(**stored(row)) for row in (await connection.execute(query)).mappings()]


async def change_visit(connection: AsyncConnection, mdtrt_id: str, **values: Any) -> None:
    """Change some columns of a visit."""
    await connection.execute(update(visits).where(visits.c.mdtrt_id == mdtrt_id).values(values))
