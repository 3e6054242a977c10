"""Stays and visits: registered, changed, found again."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.visits.visit_rows import Visit, settlement_serial, visit_serial, visits

_SERIAL_DIGITS = 12


async def new_visit_id(connection: AsyncConnection, fixmedins_code: str) -> str:
    """就诊ID of a new visit: the hospital's number, a letter, a serial; 25 characters of a national code of 12.

    The letter keeps it from beginning with a longer number of another hospital.
    """
    serial = await connection.scalar(select(visit_serial.next_value()))
    return f"{fixmedins_code}M{serial:0{_SERIAL_DIGITS}d}"


async def new_settlement_id(connection: AsyncConnection, fixmedins_code: str) -> str:
    """结算ID of a new settlement, which is the ledger's claim id."""
    serial = await connection.scalar(select(settlement_serial.next_value()))
    return f"{fixmedins_code}S{serial:0{_SERIAL_DIGITS}d}"


async def insert_visit(connection: AsyncConnection, visit: Visit) -> None:
    """Register a visit."""
    values = {name: getattr(visit, name) for name in Visit.__struct_fields__}
    await connection.execute(insert(visits).values(values))


async def load_visit(connection: AsyncConnection, mdtrt_id: str, *, lock: bool = False) -> Visit | None:
    """A visit; with ``lock`` nobody else registers lines or settles until the transaction ends."""
    query = select(visits).where(visits.c.mdtrt_id == mdtrt_id)
    return _visit((await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none())


async def visit_of_message(connection: AsyncConnection, fixmedins_code: str, kind: str, msgid: str) -> Visit | None:
    """The visit that a transaction has registered, unless the ledger refused it."""
    query = select(visits).where(
        visits.c.fixmedins_code == fixmedins_code,
        visits.c.kind == kind,
        visits.c.msgid == msgid,
        visits.c.state != "refused",
    )
    return _visit((await connection.execute(query)).mappings().one_or_none())


async def refused_registrations(connection: AsyncConnection, fixmedins_code: str, kind: str, msgid: str) -> int:
    """How many visits the ledger has refused that a transaction would have registered."""
    query = select(visits.c.mdtrt_id).where(
        visits.c.fixmedins_code == fixmedins_code,
        visits.c.kind == kind,
        visits.c.msgid == msgid,
        visits.c.state == "refused",
    )
    return len((await connection.execute(query)).all())


async def change_visit(connection: AsyncConnection, mdtrt_id: str, **values: Any) -> None:
    """Change some columns of a visit."""
    await connection.execute(update(visits).where(visits.c.mdtrt_id == mdtrt_id).values(values))


def _visit(row: Mapping[Any, Any] | None) -> Visit | None:
    return None if row is None else Visit(**{str(name): value for name, value in row.items()})
