"""What hospitals apply for to be cleared (3203, 3204): kept for the bureau, whose clearings go by the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Table, Text, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from processors.visits.visit_rows import stored
from projections.clearings import clearing_payments, clearings

_SERIAL_DIGITS = 12

clearing_applications = Table(
    "clearing_applications",
    metadata,
    Column("clr_appy_evt_id", Text, primary_key=True, comment="机构清算申请事件ID, made from the transaction's number"),
    Column("fixmedins_code", Text, nullable=False),
    Column("clr_optins", Text, nullable=False, comment="清算经办机构; empty where none was told"),
    Column("clr_type", Text, nullable=False),
    Column("clr_way", Text),
    Column("month", Date, nullable=False, comment="setlym, its first day; where none was told that of begndate"),
    Column("begndate", Date, nullable=False),
    Column("enddate", Date, nullable=False),
    Column("psntime", Integer, comment="人次"),
    Column("medfee_sumamt", BigInteger, nullable=False, comment="fen as stated; so the other amounts"),
    Column("med_sumfee", BigInteger, nullable=False, comment="医保认可费用总额"),
    Column("fund_appy_sum", BigInteger, nullable=False, comment="基金申报总额"),
    Column("cash_payamt", BigInteger, nullable=False),
    Column("acct_pay", BigInteger, nullable=False),
    Column("infno", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("opter", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_by", Text, comment="opter of 3204"),
    Column("withdrawn_at", DateTime(timezone=True)),
    Index(
        "clearing_applications_standing",
        *("fixmedins_code", "clr_optins", "clr_type", "month"),
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
    schema="gateway",
    comment="what hospitals apply for to be cleared (3203); a clearing itself is the bureau's",
)


class ClearingApplication(Struct, frozen=True):
    """A row of the table; amounts in fen as the hospital states them."""

    clr_appy_evt_id: str
    fixmedins_code: str
    clr_optins: str
    clr_type: str
    clr_way: str | None
    month: date
    begndate: date
    enddate: date
    psntime: int | None
    medfee_sumamt: int
    med_sumfee: int
    fund_appy_sum: int
    cash_payamt: int
    acct_pay: int
    infno: str
    msgid: str
    opter: str
    applied_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


def application_number(fixmedins_code: str, number: int) -> str:
    """机构清算申请事件ID of what a transaction applies for."""
    return f"{fixmedins_code}A{number:0{_SERIAL_DIGITS}d}"


async def apply(connection: AsyncConnection, application: ClearingApplication) -> ClearingApplication:
    """Keep an application; returns it, or the one that stands of that hospital, office, kind and month."""
    await connection.execute(insert(clearing_applications).values(structs.asdict(application)).on_conflict_do_nothing())
    place = ("fixmedins_code", "clr_optins", "clr_type", "month")
    query = select(clearing_applications).where(
        clearing_applications.c.withdrawn_at.is_(None),
        *(clearing_applications.c[name] == getattr(application, name) for name in place),
    )
    found = (await connection.execute(query)).mappings().one_or_none()
    return application if found is None else _application(found)


async def own_application(
    connection: AsyncConnection, fixmedins_code: str, clr_appy_evt_id: str
) -> ClearingApplication | None:
    """An application of a hospital's, None where it has none of that number."""
    query = select(clearing_applications).where(
        clearing_applications.c.fixmedins_code == fixmedins_code,
        clearing_applications.c.clr_appy_evt_id == clr_appy_evt_id,
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _application(row)


async def withdraw_application(connection: AsyncConnection, application: ClearingApplication, opter: str) -> bool:
    """Take an application back; False where a clearing took it. One that is withdrawn stays as it is."""
    if application.withdrawn_at is None and application.clr_appy_evt_id in await taken(connection, [application]):
        return False
    await connection.execute(
        update(clearing_applications)
        .where(
            clearing_applications.c.clr_appy_evt_id == application.clr_appy_evt_id,
            clearing_applications.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_by=opter, withdrawn_at=text("clock_timestamp()"))
    )
    return True


async def taken(connection: AsyncConnection, applications: Sequence[ClearingApplication]) -> dict[str, str]:
    """By application the clearing that took it: the first of its month and hospital that was drafted since."""
    numbers = [each.clr_appy_evt_id for each in applications]
    named = exists().where(
        clearing_payments.c.clearing_id == clearings.c.clearing_id,
        clearing_payments.c.payee_kind == "hospital",
        clearing_payments.c.payee == clearing_applications.c.fixmedins_code,
    )
    query = (
        select(clearing_applications.c.clr_appy_evt_id, clearings.c.clearing_id)
        .join(clearings, clearings.c.month == clearing_applications.c.month)
        .where(
            clearing_applications.c.clr_appy_evt_id.in_(numbers),
            clearings.c.status != "withdrawn",
            clearings.c.drafted_at > clearing_applications.c.applied_at,
            named,
        )
        .order_by(clearings.c.number.desc())
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def load_applications(connection: AsyncConnection, month: date | None = None) -> list[ClearingApplication]:
    """All applications, or those of a month (its first day), in the order in which they came."""
    query = select(clearing_applications).order_by(
        clearing_applications.c.applied_at, clearing_applications.c.clr_appy_evt_id
    )
    if month is not None:
        query = query.where(clearing_applications.c.month == month)
    return [_application(row) for row in (await connection.execute(query)).mappings()]


def _application(row: Mapping[Any, Any]) -> ClearingApplication:
    return ClearingApplication(**stored(row))
