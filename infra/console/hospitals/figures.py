"""What is told of one hospital: its register, its years, leads, clearings, and what it owes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import column, desc, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.errors import NotFound
from infra.console.visitor import Visitor
from processors.clearing.listings import receivable_rows
from projections.clearings import clearing_payments, clearings
from projections.fines import STANDS, fines
from projections.hospitals import Hospital, load_hospitals
from projections.leads import leads
from projections.prepayments import prepayments

Row = Mapping[str, Any]
COSTS = table(
    "hospital_costs",
    *map(column, ("year", "hospital_id", "claims", "total", "growth", "over_line", "stays", "average_stay")),
    *map(column, ("average_stay_growth", "self_funded", "out_of_catalog_share")),
    schema="finance",
)
MOST_CLEARINGS = 24
_LEFT = prepayments.c.amount - prepayments.c.set_off - prepayments.c.returned


@dataclass(frozen=True, slots=True)
class HospitalPage:
    """A hospital as its page tells it; amounts in fen, but those of ``owed``, in yuan."""

    hospital: Hospital
    suspended: bool
    designated: bool
    years: Sequence[int]
    leads: Sequence[Row]
    payments: Sequence[Row]
    owed: Sequence[Row]
    prepaid: int
    fined: int


async def hospital_page(visitor: Visitor, hospital_id: str) -> HospitalPage:
    """Raises ``NotFound``."""
    today = await visitor.today()
    async with visitor.engine.connect() as connection:
        found = (await load_hospitals(connection, [hospital_id])).get(hospital_id)
        if found is None:
            raise NotFound(f"没有医疗机构 {hospital_id}。There is no hospital {hospital_id}")
        years = select(COSTS.c.year).where(COSTS.c.hospital_id == hospital_id).order_by(COSTS.c.year.desc())
        told = HospitalPage(
            found,
            found.suspended_on(today),
            found.designated_on(today),
            list((await connection.execute(years)).scalars()),
            await _leads(connection, hospital_id),
            await _payments(connection, hospital_id),
            [],
            await _sum(connection, _LEFT, prepayments, hospital_id, prepayments.c.status == "paid"),
            await _sum(connection, fines.c.amount, fines, hospital_id, STANDS),
        )
    owed = [row for row in await receivable_rows(visitor.engine, today) if row["payee"] == hospital_id]
    return replace(told, owed=owed)


async def _leads(connection: AsyncConnection, hospital_id: str) -> list[Row]:
    """Leads by rule: how many of each state, and what is at risk of those that are open or in a case."""
    number = func.count()
    query = (
        select(
            leads.c.rule,
            number.label("number"),
            *(
                number.filter(leads.c.state == state).label(state)
                for state in ("open", "in_case", "confirmed", "dismissed")
            ),
            func.coalesce(func.sum(leads.c.at_risk_total).filter(leads.c.state.in_(("open", "in_case"))), 0).label(
                "at_risk"
            ),
        )
        .where(leads.c.hospital_id == hospital_id, leads.c.shown)
        .group_by(leads.c.rule)
        .order_by(desc("at_risk"), leads.c.rule)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _payments(connection: AsyncConnection, hospital_id: str) -> list[Row]:
    """Its lines in clearings, the last ones first."""
    paid = clearing_payments.c
    query = (
        select(
            paid.clearing_id,
            clearings.c.month,
            clearings.c.status.label("clearing"),
            paid.amount,
            paid.status,
            paid.paid_at,
        )
        .join(clearings, clearings.c.clearing_id == paid.clearing_id)
        .where(paid.payee_kind == "hospital", paid.payee == hospital_id, clearings.c.status != "withdrawn")
        .order_by(clearings.c.month.desc(), paid.clearing_id.desc())
        .limit(MOST_CLEARINGS)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _sum(connection: AsyncConnection, amount: Any, of: Any, hospital_id: str, *wanted: Any) -> int:
    query = select(func.coalesce(func.sum(amount), 0)).where(of.c.hospital_id == hospital_id, *wanted)
    return int((await connection.execute(query)).scalar_one())


def last_year(years: Sequence[int], asked: int | None, today: date) -> int:
    """The year asked for, else the last one with claims, else this one."""
    return asked if asked is not None else years[0] if years else today.year
