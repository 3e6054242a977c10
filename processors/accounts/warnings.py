"""The funds of a ledger at the end of a month: flows and budgets from finance's views, lines from the texts."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.county_time import COUNTY_TIME
from events.store.journal import database_time
from policies.supervision.text import SupervisionHistory
from processors.accounts.forecast import Month
from processors.accounts.fund_account import Account
from processors.accounts.fund_warning import FundFlow, FundWarning, as_of_year, warn

_ACCOUNT = ("scheme", "region", "fund", "insurer")
_FLOWS = ("month", "income", "spending", "opening", "premiums")
_MONTHS = table("fund_months", *map(column, (*_ACCOUNT, *_FLOWS)), schema="finance")
_BUDGETS = table("fund_budgets", *map(column, (*_ACCOUNT, "year", "spending")), schema="finance")


async def fund_warnings(
    connection: AsyncConnection,
    history: SupervisionHistory,
    *,
    year: int | None = None,
    region: str | None = None,
    fund: str | None = None,
    today: date | None = None,
) -> list[FundWarning]:
    """The warning of each fund at the end of the last complete month of a year, as of the last catch-up.

    ``year`` is the last one in which a fund had a flow, where it is not given; ``today`` the database's day. A region
    takes its counties. Nothing where no month of the year is complete.
    """
    day = today or (await database_time(connection)).astimezone(COUNTY_TIME).date()
    every = await _flows(connection)
    flows = {account: of_fund for account, of_fund in every.items() if _is_wanted(account, region, fund)}
    begun = [flow.month[0] for of_fund in flows.values() for flow in of_fund if flow.month < (day.year, day.month)]
    of_year = year if year is not None else max(begun, default=day.year)
    as_of = as_of_year(of_year, day)
    if as_of is None:
        return []
    budgets = {
        account: int(row.spending * 100)
        for row in await connection.execute(select(_BUDGETS).where(_BUDGETS.c.year == of_year))
        if _is_wanted(account := Account(row.scheme, row.region, row.fund, row.insurer or None), region, fund)
    }
    first = _first_months(every)
    return [
        warn(account, flows.get(account, []), of_year, as_of, budgets.get(account), lines, first.get(account.region))
        for account in sorted({*flows, *budgets}, key=_place)
        for lines in [history.in_force(as_of, account.region or "").warning]
    ]


def _first_months(flows: Mapping[Account, Iterable[FundFlow]]) -> dict[str | None, Month]:
    """With which month the ledger's history of each region begins: a fund that spent nothing then has begun too."""
    first: dict[str | None, Month] = {}
    for account, of_fund in flows.items():
        for flow in of_fund:
            first[account.region] = min(first.get(account.region, flow.month), flow.month)
    return first


def _place(account: Account) -> tuple[str, ...]:
    return tuple(part or "" for part in account)


def _is_wanted(account: Account, region: str | None, fund: str | None) -> bool:
    within = region is None or (account.region is not None and covers(region, account.region))
    return within and fund in (None, account.fund)


async def _flows(connection: AsyncConnection) -> dict[Account, list[FundFlow]]:
    found: dict[Account, list[FundFlow]] = {}
    for row in await connection.execute(select(_MONTHS)):
        account = Account(row.scheme, row.region, row.fund, row.insurer or None)
        year, month = row.month.split("-")
        amounts = (int(amount * 100) for amount in (row.income, row.spending, row.opening, row.premiums))
        found.setdefault(account, []).append(FundFlow(account, (int(year), int(month)), *amounts))
    return found
