"""How many leads of each rule were confirmed by a case, of those that somebody has decided on."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import covers
from events.county_time import COUNTY_TIME
from projections.leads import LEAD_STATES, leads

COUNTS = ("version", "found", "open", "in_case", "confirmed", "dismissed", "looked_into", "withdrawn")
"""What a row counts behind the rule's version, in the order of the list."""
FEW = 11
"""Fewer decided leads than this say little of a rule."""
DEFINITION = (
    "命中率＝查实÷已核查（查实＋排除）；待处理、已立案的还没有结论，不算；自行消失的是后来的业务使其不再成立、无人核查过的，不算在疑点数内。"
    "Hit rate = confirmed ÷ looked into (confirmed + dismissed); withdrawn leads are not among those found"
)


async def hit_rate_rows(
    engine: AsyncEngine, *, region: str | None = None, since: date | None = None
) -> list[dict[str, Any]]:
    """By rule and version: leads since a day, by state, and confirmed ÷ looked into to four places.

    ``found`` are those that the facts show or that somebody decided on; those that later facts took back before anybody
    looked are ``withdrawn`` and stand beside them. ``looked_into`` are confirmed and dismissed.
    """
    columns = leads.c
    query = select(columns.rule, columns.version, columns.region, columns.state, func.count().label("count"))
    if since is not None:
        query = query.where(columns.found_at >= datetime.combine(since, time(), COUNTY_TIME))
    query = query.group_by(columns.rule, columns.version, columns.region, columns.state)
    found: dict[tuple[str, int], dict[str, int]] = {}
    async with engine.connect() as connection:
        for rule, version, place, state, count in await connection.execute(query):
            if region is None or covers(region, place):
                counts = found.setdefault((rule, version), dict.fromkeys(LEAD_STATES, 0))
                counts[state] += count
    return [_row(rule, version, counts) for (rule, version), counts in sorted(found.items())]


def _row(rule: str, version: int, counts: dict[str, int]) -> dict[str, Any]:
    decided = counts["confirmed"] + counts["dismissed"]
    rate = None if not decided else (Decimal(counts["confirmed"]) / decided).quantize(Decimal("0.0001"))
    found = sum(counts.values()) - counts["withdrawn"]
    told = {"rule": rule, "version": version, "found": found, **counts, "looked_into": decided}
    return told | {"hit_rate": None if rate is None else str(rate), "few": decided < FEW}
