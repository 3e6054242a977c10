"""Leads and cases of a year in counts and sums, as finance's views have them. Nobody is named."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import region_prefix

# a lead on one person has no year of its own: the days that it is about tell
_LEADS = text("""
SELECT rule, count(*) AS number, count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE state = 'in_case') AS in_case, count(*) FILTER (WHERE state = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE state = 'dismissed') AS dismissed,
       coalesce(sum(at_risk) FILTER (WHERE state IN ('open', 'in_case')), 0)::numeric(16,2) AS at_risk
FROM finance.leads
WHERE state <> 'withdrawn' AND starts_with(region, :region)
  AND coalesce(year = :year, EXISTS (SELECT FROM unnest(dates) AS day WHERE extract(year FROM day) = :year))
GROUP BY rule
ORDER BY at_risk DESC, number DESC, rule
""")
_CASES = text("""
SELECT count(*) AS number, count(*) FILTER (WHERE status IN ('open', 'proposed')) AS open,
       count(*) FILTER (WHERE status IN ('open', 'proposed') AND due_on < :today) AS overdue,
       min(opened_on) FILTER (WHERE status IN ('open', 'proposed')) AS since,
       coalesce(sum(found), 0) AS found, coalesce(sum(recovered), 0) AS recovered, coalesce(sum(fined), 0) AS fined
FROM finance.cases
WHERE starts_with(region, :region) AND extract(year FROM opened_on) = :year
""")


class SupervisionCounts(Struct, frozen=True):
    """Leads by rule, the most money at risk first, and the cases that were opened; money in yuan."""

    leads: list[Mapping[str, Any]]
    cases: Mapping[str, Any]

    @property
    def at_risk(self) -> Decimal:
        """Fund money of the leads that are open or in a case, yuan."""
        return sum((row["at_risk"] for row in self.leads), Decimal(0))


async def supervision_counts(
    connection: AsyncConnection, year: int, region: str | None, today: date
) -> SupervisionCounts:
    """Leads about a year, and cases opened in it, in a region and its counties; None is everywhere."""
    within = {"region": region_prefix(region or ""), "year": year}
    leads: list[Mapping[str, Any]] = [dict(row) for row in (await connection.execute(_LEADS, within)).mappings()]
    cases = (await connection.execute(_CASES, {**within, "today": today})).mappings().one()
    return SupervisionCounts(leads, dict(cases))
