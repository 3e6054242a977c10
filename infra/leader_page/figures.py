"""What the page of a year shows, read from finance's views and from what is not done yet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.county_time import COUNTY_TIME
from events.store.journal import database_time
from policies.supervision.text import SupervisionHistory
from processors.accounts.fund_warning import FundWarning
from processors.accounts.warnings import fund_warnings
from processors.clearing.booked_sums import BookedSums
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.finance.group_reports import ASSISTANCE_SHARES, DISEASE_HOSPITALS, DISEASES, TOWNSHIPS
from processors.finance.reports import (
    ANNUAL,
    ATTAINMENT,
    GROWTH,
    HOSPITAL,
    Narrowed,
    Report,
    read_report,
    shown,
    sums_as_of,
)
from processors.queries.open_work import OpenWork, open_work
from processors.queries.supervision_counts import SupervisionCounts, supervision_counts
from processors.rosters.arrivals import RosterYear, roster_year

Row = Mapping[str, Any]
Rows = Sequence[Row]
MONTHS = 12
_LINES = table("fund_lines", *map(column, ("region", "service_month", "line", "effect", "amount")), schema="finance")


class YearSums(Struct, frozen=True):
    """The annual report of a year in sum; money in yuan, ``layers`` by code. A share of nothing is None."""

    claims: int
    stays: int
    total: Decimal
    paid: Decimal
    patient_share: Decimal
    hospital_share: Decimal
    layers: dict[str, Decimal]
    poor_total: Decimal
    poor_paid: Decimal

    @property
    def known(self) -> bool:
        """Whether the ledger has any claim of the year: without one its sums say nothing."""
        return self.claims > 0

    @property
    def paid_share(self) -> Decimal | None:
        """What of the bills the layers paid."""
        return self.paid / self.total if self.total else None

    @property
    def poor_share(self) -> Decimal | None:
        """The same of the poor's."""
        return self.poor_paid / self.poor_total if self.poor_total else None


class LeaderYear(Struct, frozen=True):
    """Everything that the page shows. ``months`` are what the funds paid for services of each month, now and before."""

    year: int
    region: str | None
    today: date
    as_of: datetime | None
    now: YearSums
    before: YearSums
    months: list[tuple[Decimal, Decimal]]
    funds: list[FundWarning]
    funds_before: dict[Any, int]
    attainment: Rows
    growth: Rows
    hospitals: Rows
    hospitals_over: Rows
    diseases_over: Rows
    disease_hospitals: Rows
    disease_hospitals_over: Rows
    assistance: Rows
    townships: Rows
    supervision: SupervisionCounts
    uncleared: Rows
    open: OpenWork
    rosters: list[RosterYear]

    @property
    def incomparable(self) -> str | None:
        """Why nothing is held against the year before, Chinese and English; None where it can be."""
        if not self.before.known:
            return f"账本没有{self.year - 1}年数据 no data of {self.year - 1}"
        if self.today.year <= self.year:
            return f"{self.year}年未满，不与上年全年比 the year is not over"
        return None


async def gather(
    engine: AsyncEngine,
    history: SupervisionHistory,
    year: int,
    region: str | None,
    booked: BookedSums | None = None,
) -> LeaderYear:
    """Read a year as of the last catch-up; what is not done yet as it is now. ``booked`` as in ``uncleared_rows``."""
    uncleared = [row for row in await uncleared_rows(engine, booked) if region is None or covers(region, row["region"])]
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        today = (await database_time(connection)).astimezone(COUNTY_TIME).date()
        read = {report.name: await _rows(connection, report, year, region) for report in _REPORTS}
        hospitals = read[HOSPITAL.name]
        return LeaderYear(
            year=year,
            region=region,
            today=today,
            as_of=await sums_as_of(connection),
            now=_sums(read[ANNUAL.name]),
            before=_sums(await _rows(connection, ANNUAL, year - 1, region)),
            months=await _months(connection, year, region),
            funds=await fund_warnings(connection, history, year=year, region=region),
            funds_before=await _spending(connection, history, year - 1, region),
            attainment=read[ATTAINMENT.name],
            growth=read[GROWTH.name],
            hospitals=hospitals,
            hospitals_over=_ranked(row for row in hospitals if row["over_line"]),
            diseases_over=_ranked(row for row in read[DISEASES.name] if row["over_line"] or row["over_base"]),
            disease_hospitals=read[DISEASE_HOSPITALS.name],
            disease_hospitals_over=_ranked(
                row for row in read[DISEASE_HOSPITALS.name] if row["over_line"] or row["over_base"]
            ),
            assistance=read[ASSISTANCE_SHARES.name],
            townships=read[TOWNSHIPS.name],
            supervision=await supervision_counts(connection, year, region, today),
            uncleared=uncleared,
            open=await open_work(connection, region),
            rosters=await roster_year(connection, year, region, today),
        )


_REPORTS = (ANNUAL, ATTAINMENT, GROWTH, HOSPITAL, DISEASES, DISEASE_HOSPITALS, ASSISTANCE_SHARES, TOWNSHIPS)


async def _rows(connection: AsyncConnection, report: Report, year: int, region: str | None) -> Rows:
    return await read_report(connection, report, Narrowed(year, None, region))


def _ranked(rows: Any) -> Rows:
    """Rows with the highest growth first."""
    return sorted(rows, key=lambda row: row["growth"] or Decimal(0), reverse=True)


def _sums(rows: Rows) -> YearSums:
    known = {field.name for field in ANNUAL.fields}
    layers = [field.name for field in shown(ANNUAL, rows).fields if field.name not in known]
    poor = [row for row in rows if row["poor"]]

    def of(name: str, among: Rows = rows) -> Decimal:
        return sum((row[name] for row in among), Decimal(0))

    return YearSums(
        claims=sum(row["claims"] for row in rows),
        stays=sum(row["claims"] for row in rows if row["setting"] == "inpatient"),
        total=of("total"),
        paid=of("paid"),
        patient_share=of("patient_share"),
        hospital_share=of("hospital_share"),
        layers={layer: of(layer) for layer in layers if rows},
        poor_total=of("total", poor),
        poor_paid=of("paid", poor),
    )


async def _months(connection: AsyncConnection, year: int, region: str | None) -> list[tuple[Decimal, Decimal]]:
    """What the funds paid, net, for services of each month of the year and of the one before."""
    lines = _LINES.c
    query = (
        select(lines.region, lines.service_month, func.sum(lines.amount).label("amount"))
        .where(lines.line.in_(("payouts", "grants")), lines.service_month.between(f"{year - 1}-01", f"{year}-12"))
        .group_by(lines.region, lines.service_month)
    )
    sums: dict[str, Decimal] = {}
    for row in await connection.execute(query):
        if region is None or covers(region, row.region):
            sums[row.service_month] = sums.get(row.service_month, Decimal(0)) + row.amount
    return [
        (sums.get(f"{year}-{month:02}", Decimal(0)), sums.get(f"{year - 1}-{month:02}", Decimal(0)))
        for month in range(1, MONTHS + 1)
    ]


async def _spending(
    connection: AsyncConnection, history: SupervisionHistory, year: int, region: str | None
) -> dict[Any, int]:
    """What each fund spent in a year, fen by account."""
    return {each.account: each.spending for each in await fund_warnings(connection, history, year=year, region=region)}
