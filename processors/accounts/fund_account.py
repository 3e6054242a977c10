"""Accounts of funds, year by year: what came in, what went out, what is left, and who bears it.

The lines are those of ``finance.fund_lines``: what the journals book, and what offices note and another person has
approved. What is stated of operating costs, surplus and deficit stands in the scheme's text in force.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.money import yuan
from policies.arithmetic import add_to, share
from policies.explain import value_text
from policies.fund_terms import FundTerms
from policies.scheme import Scheme
from policies.values import Circumstances, Cited, Parameter
from processors.law.pinned_schemes import PinnedSchemes

IN = ("opening", "income", "fines", "premiums", "transfers_in", "repayments", "deficit_received")
OUT = ("payouts", "grants", "refunds", "premiums_paid", "transfers_out", "advances", "operations")
BESIDE = ("premiums_received", "premiums_transferred")
"""Lines of what comes in, of what goes out, and of what has moved of premiums that are booked."""
Sums = Mapping[str, int]
"""Fen by line."""

NOTHING = FundTerms()
"""Of a fund of whose account no text says anything."""
_LINES = table(
    "fund_lines",
    *map(column, ("scheme", "region", "fund", "insurer", "year", "line", "amount")),
    schema="finance",
)


class Account(NamedTuple):
    """Whose account it is: a fund of a scheme in a region, and who keeps it; region None is all of them together."""

    scheme: str
    region: str | None
    fund: str
    insurer: str | None


class AccountYear(Struct, frozen=True):
    """One year of a fund's account, in fen.

    balance = carried_in + opening + income + fines + premiums + transfers_in + repayments − payouts − grants − refunds
    − premiums_paid − operations − transfers_out − advances; ``deficit_received`` is added where no text says who bears
    a deficit. Where the text does, balance = carried_out − by_government, and what was received of it stands beside.

    ``operations`` is ``operations_by_ratio``, ``operations_limit`` at most where the scheme states one; without a ratio
    it is ``operations_drawn``, what was paid. ``premiums`` and ``premiums_paid`` are booked; ``premiums_received`` and
    ``premiums_transferred`` say how much of them has moved.
    """

    year: int
    carried_in: int
    premiums: int
    operations: int
    payouts: int
    carried_out: int
    by_government: int
    operations_by_ratio: int | None
    operations_limit: int | None
    ratio: str | None
    grade: str | None
    cite: str | None
    limit_grade: str | None
    limit_cite: str | None
    scheme: str
    region: str | None
    fund: str
    insurer: str | None
    balance: int
    opening: int
    income: int
    fines: int
    transfers_in: int
    deficit_received: int
    repayments: int
    grants: int
    refunds: int
    premiums_paid: int
    operations_drawn: int
    transfers_out: int
    advances: int
    premiums_received: int
    premiums_transferred: int
    surplus_to: str | None
    surplus_grade: str | None
    surplus_cite: str | None
    deficit_borne_by: str | None
    deficit_grade: str | None
    deficit_cite: str | None
    kept: str | None
    kept_grade: str | None
    kept_cite: str | None

    def json(self) -> dict[str, Any]:
        """The year for people and programs, money in yuan."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name: yuan(value) if isinstance(value, int) and name != "year" else value for name, value in shown.items()
        }


async def fund_accounts(
    engine: AsyncEngine,
    *,
    scheme: str | None = None,
    fund: str | None = None,
    region: str | None = None,
    year: int | None = None,
) -> list[AccountYear]:
    """Accounts, narrowed to a scheme, fund, region (a prefecture's takes its counties) and year.

    Of a scheme alone that states the account of its supplementary insurance: this one, over all its regions. The lines
    are those of the last catch-up of finance's sums. Raises ``LookupError`` where no such scheme is in force.
    """
    async with engine.connect() as connection:
        pinned = PinnedSchemes()
        await pinned.refresh(connection)
        in_force = {each.name: each for each in pinned.current}
        if scheme is not None and scheme not in in_force:
            known = "、".join(sorted(in_force))
            raise LookupError(
                f"没有在用的政策 {scheme}，在用的有：{known}。no scheme {scheme} is in force; those are the ones"
            )
        stated = in_force[scheme].supplementary_account if scheme is not None else None
        together = stated is not None and fund is None and region is None and year is None
        if together and scheme is not None:
            fund = in_force[scheme].fund_of("supplementary").fund
        found = await _load_sums(connection)
    chosen: dict[Account, dict[int, dict[str, int]]] = {}
    for account, years in found.items():
        if scheme in (None, account.scheme) and fund in (None, account.fund) and _is_within(account, region):
            key = Account(account.scheme, None, account.fund, None) if together else account
            _add(chosen.setdefault(key, {}), years)
    return [
        told
        for account, years in sorted(chosen.items(), key=lambda each: tuple(part or "" for part in each[0]))
        for told in settle_years(in_force.get(account.scheme), account, years)
        if year in (None, told.year)
    ]


def settle_years(scheme: Scheme | None, account: Account, sums: Mapping[int, Sums]) -> Iterator[AccountYear]:
    """The years from the first to the last that has an amount; ``sums`` are fen by year and line.

    What is left is carried on; a deficit that somebody bears is made good at once.
    """
    terms = (None if scheme is None else scheme.account_of(account.fund)) or NOTHING
    known = {year for year, lines in sums.items() if any(lines.values())}
    carried = 0
    for year in range(min(known), max(known) + 1) if known else ():
        begin = date(year, 1, 1) if scheme is None else max(date(year, 1, 1), scheme.valid.from_)
        told = _settle_year(terms, account, year, begin, carried, sums.get(year, {}))
        carried = told.carried_out
        yield told


def _settle_year(terms: FundTerms, account: Account, year: int, begin: date, carried: int, lines: Sums) -> AccountYear:
    def of(*names: str) -> int:
        return sum(lines.get(name, 0) for name in names)

    by_ratio, ratio = _stated(terms.operations, begin)
    limit, limiting = _stated(terms.operations_limit, begin)
    due = None if by_ratio is None else share(of("premiums"), by_ratio)
    operations = of("operations") if due is None else due if limit is None else min(due, limit)
    # of a deficit that somebody bears, what came in for it pays that debt and is no more income
    came_in = of(*IN) - (0 if terms.deficit_borne_by is None else of("deficit_received"))
    balance = carried + came_in - of(*OUT) + of("operations") - operations
    by_government = 0 if terms.deficit_borne_by is None else max(0, -balance)
    told: dict[str, Any] = {name: of(name) for name in (*IN, *OUT, *BESIDE)}
    told |= account._asdict()
    told |= {"operations": operations, "operations_drawn": of("operations")}
    told |= {"operations_by_ratio": due, "ratio": None if by_ratio is None else value_text(by_ratio)}
    told |= _cited("", ratio) | _cited("limit_", limiting) | {"operations_limit": limit}
    for name, prefix in (("surplus_to", "surplus_"), ("deficit_borne_by", "deficit_"), ("kept", "kept_")):
        said = getattr(terms, name)
        told |= {name: said and said.value} | _cited(prefix, said)
    return AccountYear(
        year=year,
        carried_in=carried,
        balance=balance,
        carried_out=balance + by_government,
        by_government=by_government,
        **told,
    )


def _stated(parameter: Parameter[Any] | None, day: date) -> tuple[Any, Cited | None]:
    """The value that holds on a day, and the row that states it."""
    if parameter is None:
        return None, None
    found = parameter.at(Circumstances(day, 0, None, None, None, ("general",)))
    return found.value, parameter.root[found.row]


def _cited(prefix: str, said: Cited | None) -> dict[str, str | None]:
    return {
        f"{prefix}grade": None if said is None else said.grade,
        f"{prefix}cite": None if said is None else said.citation,
    }


def _is_within(account: Account, region: str | None) -> bool:
    return region is None or (account.region is not None and covers(region, account.region))


def _add(to: dict[int, dict[str, int]], years: Mapping[int, Sums]) -> None:
    for year, lines in years.items():
        sums = to.setdefault(year, {})
        for line, fen in lines.items():
            add_to(sums, line, fen)


async def _load_sums(connection: AsyncConnection) -> dict[Account, dict[int, dict[str, int]]]:
    found: dict[Account, dict[int, dict[str, int]]] = {}
    rows: Iterable[Any] = await connection.execute(select(_LINES))
    for row in rows:
        account = Account(row.scheme, row.region, row.fund, row.insurer or None)
        _add(found.setdefault(account, {}), {row.year: {row.line: int(row.amount * 100)}})
    return found
