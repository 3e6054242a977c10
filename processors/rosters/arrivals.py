"""Which department delivered its roster by the 10th of each month, and which did not (抚医保联〔2019〕2号 四(五))."""

from datetime import date

from msgspec import Struct
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from processors.rosters.period import Period

_IMPORTS = table(
    "roster_imports", *map(column, ("source", "region", "period", "late", "stands", "number")), schema="finance"
)


class RosterYear(Struct, frozen=True):
    """A department's months of a year: delivered in time, late, and not at all though they were due."""

    source: str
    in_time: tuple[int, ...]
    late: tuple[int, ...]
    missing: tuple[int, ...]


async def roster_year(connection: AsyncConnection, year: int, region: str | None, today: date) -> list[RosterYear]:
    """The months of a year of every department that has ever delivered, or of one region's and its counties'.

    A list that was withdrawn counts for nothing; of several of a month the first one that stands counts.
    """
    late: dict[str, dict[int, bool]] = {}
    for row in await connection.execute(select(_IMPORTS).order_by(_IMPORTS.c.number)):
        if region is not None and not covers(region, row.region):
            continue
        of_source, period = late.setdefault(row.source, {}), Period.parse(row.period)
        if row.stands and period.year == year:
            of_source.setdefault(period.month, row.late)
    due = [month for month in range(1, 13) if Period(year, month).due_in < today]
    return [
        RosterYear(
            source,
            tuple(month for month in sorted(months) if not months[month]),
            tuple(month for month in sorted(months) if months[month]),
            tuple(month for month in due if month not in months),
        )
        for source, months in sorted(late.items())
    ]
