"""Movements of funds' money, and transfers of premiums, as they are listed: money in yuan."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import structs
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import covers
from events.money import yuan
from projections.fund_movements import FundMovement, FundRegister, fund_movements

_TRANSFERS = table(
    "premium_transfers",
    *map(column, ("scheme", "region", "year", "payer", "fund", "insurer", "due", "transferred", "difference")),
    schema="finance",
)


def movement_json(movement: FundMovement) -> dict[str, Any]:
    """A movement for people and programs, money in yuan."""
    told = structs.asdict(movement) | {"amount": yuan(movement.amount), "moved_on": movement.moved_on.isoformat()}
    moments = {name: told[name] and told[name].isoformat() for name in ("entered_at", "approved_at", "ended_at")}
    return {name: value for name, value in (told | moments).items() if name != "number"}


async def movement_rows(
    engine: AsyncEngine, *, region: str | None = None, year: int | None = None, status: str | None = None
) -> list[dict[str, Any]]:
    """Movements in the order in which they were entered."""
    register = FundRegister()
    async with engine.connect() as connection:
        wanted = {fund_movements.c.year: year, fund_movements.c.status: status}
        await register.load(connection, *(name == value for name, value in wanted.items() if value is not None))
    return [movement_json(each) for each in register if region is None or covers(region, each.region)]


async def premium_transfer_rows(
    engine: AsyncEngine, *, region: str | None = None, year: int | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Premiums due to the funds that insure, what was transferred of them, and the difference."""
    view = _TRANSFERS.c
    query = select(_TRANSFERS).order_by(view.year, view.region, view.scheme, view.payer, view.fund, view.insurer)
    if year is not None:
        query = query.where(view.year == year)
    async with engine.connect() as connection:
        for row in (await connection.execute(query)).mappings():
            if region is None or covers(region, row["region"]):
                amounts = {name: str(row[name]) for name in ("due", "transferred", "difference")}
                yield dict(row) | {"insurer": row["insurer"] or None} | amounts
