"""The account of a supplementary insurance (安义 二(七)): premiums, operations, payouts, and what is left of a year."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.money import yuan
from policies.arithmetic import share
from policies.explain import value_text
from policies.scheme import Scheme, SupplementaryAccount
from policies.values import Circumstances
from processors.law.pinned_schemes import PinnedSchemes
from projections.accumulations import accumulations
from projections.premiums import premiums

LAYER = "supplementary"


class AccountYear(Struct, frozen=True):
    """One year of the account, in fen: carried_in + premiums − operations − payouts = carried_out − by_government.

    ``operations`` is ``operations_by_ratio``, ``operations_limit`` at most where the scheme states one.
    """

    year: int
    carried_in: int
    premiums: int
    operations: int
    payouts: int
    carried_out: int
    by_government: int
    operations_by_ratio: int
    operations_limit: int | None
    ratio: str
    grade: str
    cite: str
    limit_grade: str | None
    limit_cite: str | None

    def json(self) -> dict[str, Any]:
        """The year for people and programs, money in yuan."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name: yuan(value) if isinstance(value, int) and name != "year" else value for name, value in shown.items()
        }


async def fund_account(engine: AsyncEngine, name: str) -> list[AccountYear]:
    """The account of a scheme, year by year, from the first with a premium or payout; net of all that is booked now.

    Values are those of the scheme's text in force. Raises ``LookupError`` where no scheme of that name is in force or
    it has no account.
    """
    async with engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        scheme = next((scheme for scheme in pinned.current if scheme.name == name), None)
        if scheme is None:
            known = ", ".join(sorted(scheme.name for scheme in pinned.current))
            raise LookupError(
                f"没有在用的政策 {name}，在用的有：{known}。no scheme {name} is in force; those are the ones that are"
            )
        if scheme.supplementary_account is None:
            raise LookupError(f"政策 {name} 没有补充保险收支账。scheme {name} keeps no supplementary account")
        paid_in = await _sums(connection, premiums, "amount", name)
        paid_out = await _sums(connection, accumulations, "paid", name)
    return settle_years(scheme, scheme.supplementary_account, paid_in, paid_out)


def settle_years(
    scheme: Scheme, account: SupplementaryAccount, paid_in: Mapping[int, int], paid_out: Mapping[int, int]
) -> list[AccountYear]:
    """The years from the first to the last that has a sum: a surplus is carried on, a deficit is made good at once."""
    known = {year for sums in (paid_in, paid_out) for year, amount in sums.items() if amount}
    years: list[AccountYear] = []
    carried = 0
    for year in range(min(known), max(known) + 1) if known else ():
        years.append(_settle_year(scheme, account, year, carried, paid_in.get(year, 0), paid_out.get(year, 0)))
        carried = years[-1].carried_out
    return years


def _settle_year(
    scheme: Scheme, account: SupplementaryAccount, year: int, carried: int, income: int, payouts: int
) -> AccountYear:
    begin = max(date(year, 1, 1), scheme.valid.from_)
    circumstances = Circumstances(begin, 0, None, None, None, ("general",))
    part = account.operations.at(circumstances)
    stated = account.operations.root[part.row]
    limit = None if account.operations_limit is None else account.operations_limit.at(circumstances)
    limiting = None if limit is None or account.operations_limit is None else account.operations_limit.root[limit.row]
    by_ratio = share(income, part.value)
    operations = by_ratio if limit is None else min(by_ratio, limit.value)
    left = carried + income - operations - payouts
    return AccountYear(
        year=year,
        carried_in=carried,
        premiums=income,
        operations=operations,
        payouts=payouts,
        carried_out=max(0, left),
        by_government=max(0, -left),
        operations_by_ratio=by_ratio,
        operations_limit=None if limit is None else limit.value,
        ratio=value_text(part.value),
        grade=stated.grade,
        cite=stated.citation,
        limit_grade=None if limiting is None else limiting.grade,
        limit_cite=None if limiting is None else limiting.citation,
    )


async def _sums(connection: AsyncConnection, table: Table, column: str, scheme: str) -> dict[int, int]:
    sums = (
        select(table.c.year, func.sum(table.c[column]))
        .where(table.c.scheme == scheme, table.c.layer == LAYER)
        .group_by(table.c.year)
    )
    return {int(year): int(amount) for year, amount in await connection.execute(sums)}
