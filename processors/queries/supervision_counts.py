"""Leads and cases of a year in counts and sums, as finance's views have them. Nobody is named."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import region_prefix

# A lead on one person has no year of its own: the days that it is about tell. A lead's money lies on its claims in
# proportion to what the funds paid of each. Of several leads on a claim the one with most money counts. The row whose
# rule is null is of all rules.
_LEADS = text("""
WITH asked AS (
    SELECT lead_id, rule, state, at_risk, CASE claims WHEN '{}' THEN ARRAY[lead_id] ELSE claims END AS claims
    FROM finance.leads
    WHERE state <> 'withdrawn' AND starts_with(region, :region)
      AND coalesce(year = :year, EXISTS (SELECT FROM unnest(dates) AS day WHERE extract(year FROM day) = :year))
), parts AS (
    SELECT rule, claim_id,
           at_risk * coalesce(paid / nullif(sum(paid) OVER of_lead, 0), 1.0 / count(*) OVER of_lead) AS part
    FROM asked CROSS JOIN unnest(claims) AS claim_id LEFT JOIN finance.statements USING (claim_id)
    WHERE state IN ('open', 'in_case')
    WINDOW of_lead AS (PARTITION BY lead_id)
), once AS (
    SELECT rule, claim_id, max(part) AS part FROM parts GROUP BY GROUPING SETS ((rule, claim_id), (claim_id))
), money AS (
    SELECT rule, sum(part) AS at_risk FROM once GROUP BY rule
), counted AS (
    SELECT rule, count(*) AS number, count(*) FILTER (WHERE state = 'open') AS open,
           count(*) FILTER (WHERE state = 'in_case') AS in_case,
           count(*) FILTER (WHERE state = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE state = 'dismissed') AS dismissed
    FROM asked GROUP BY ROLLUP (rule)
)
SELECT counted.*, coalesce(money.at_risk, 0)::numeric(16,2) AS at_risk
FROM counted LEFT JOIN money ON money.rule IS NOT DISTINCT FROM counted.rule
ORDER BY at_risk DESC, number DESC, rule
""")
_CASES = text("""
SELECT count(*) AS number, count(*) FILTER (WHERE status IN ('open', 'proposed')) AS open,
       count(*) FILTER (WHERE status IN ('open', 'proposed') AND due_on < :today) AS overdue,
       min(opened_on) FILTER (WHERE status IN ('open', 'proposed')) AS since,
       coalesce(sum(found), 0) AS found, coalesce(sum(to_recover), 0) AS to_recover,
       coalesce(sum(recovered), 0) AS recovered, coalesce(sum(fined), 0) AS fined
FROM finance.cases
WHERE starts_with(region, :region) AND extract(year FROM opened_on) = :year
""")


class SupervisionCounts(Struct, frozen=True):
    """Leads by rule, the most money at risk first, and the cases that were opened; money in yuan.

    ``at_risk`` is fund money of the leads that are open or in a case: each claim's once, however many leads and rules
    name it. The same holds within a rule.
    """

    leads: list[Mapping[str, Any]]
    at_risk: Decimal
    cases: Mapping[str, Any]


async def supervision_counts(
    connection: AsyncConnection, year: int, region: str | None, today: date
) -> SupervisionCounts:
    """Leads about a year, and cases opened in it, in a region and its counties; None is everywhere."""
    within = {"region": region_prefix(region or ""), "year": year}
    rows: list[Mapping[str, Any]] = [dict(row) for row in (await connection.execute(_LEADS, within)).mappings()]
    leads = [row for row in rows if row["rule"] is not None]
    (at_risk,) = [row["at_risk"] for row in rows if row["rule"] is None]
    cases = (await connection.execute(_CASES, {**within, "today": today})).mappings().one()
    return SupervisionCounts(leads, at_risk, dict(cases))
