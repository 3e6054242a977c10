"""Finance's views and sums as tests read them, and whether they hold against the ledger."""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.finance.reports import (
    Narrowed,
    Report,
    read_report,
)
from projections.finance import SUMS, counted_journals

Rows = list[dict[str, Any]]


async def query(engine: AsyncEngine, statement: str, **values: Any) -> Rows:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(text(statement), values)).mappings()]


async def report_of(engine: AsyncEngine, report: Report, **narrowed: Any) -> Rows:
    async with engine.connect() as connection:
        return [dict(row) for row in await read_report(connection, report, Narrowed(**narrowed))]


async def sums(engine: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is summed, without rows that have come down to nothing."""
    async with engine.connect() as connection:
        found = {}
        for table in SUMS:
            if table is not counted_journals:
                rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in rows if getattr(row, "claims", getattr(row, "paid", 1))]
    return found


async def holds(engine: AsyncEngine) -> None:
    """The views against what ledger and statements come to when they are summed directly."""
    flows = await _flows_hold(engine)
    annual = await _annual_report_holds(engine)
    # what was booked for standing claims is what their statements say
    assert sum(row["net"] for row in flows if row["layer"] != "grant") == sum(row["paid"] for row in annual)
    await _hospital_costs_hold(engine)
    await _targets_hold(engine)


async def _flows_hold(engine: AsyncEngine) -> Rows:
    flows = await query(
        engine,
        """SELECT coalesce(layer, 'grant') AS layer, sum(paid) / 100.0 AS net, count(*) AS bookings FROM ledger.entries
           WHERE type IN ('payout.decided.v1', 'payout.adjusted.v1', 'payout.withdrawn.v1', 'grant.awarded.v1',
                          'grant.withdrawn.v1')
           GROUP BY 1 ORDER BY 1""",
    )
    assert flows == await query(
        engine,
        """SELECT layer, sum(net) AS net, sum(bookings)::bigint AS bookings FROM finance.fund_flows
           GROUP BY 1 ORDER BY 1""",
    )
    # what has a cause was brought about by a late fact
    decided = await query(
        engine,
        """SELECT layer, sum(paid) / 100.0 AS decided FROM ledger.entries
           WHERE type = 'payout.decided.v1' AND NOT convert_from(data, 'UTF8')::jsonb ? 'cause'
           GROUP BY 1 HAVING sum(paid) <> 0 ORDER BY 1""",
    )
    assert decided == await query(
        engine,
        """SELECT layer, sum(decided) AS decided FROM finance.fund_flows WHERE layer <> 'grant'
           GROUP BY 1 HAVING sum(decided) <> 0 ORDER BY 1""",
    )
    return flows


async def _annual_report_holds(engine: AsyncEngine) -> Rows:
    keys = "year, region, scheme, setting, poor"
    annual = await query(
        engine,
        f"""SELECT {keys}, count(*) AS claims, count(DISTINCT person_id) AS persons, sum(total) / 100.0 AS total,
                   sum(paid) AS paid, sum(patient_share) / 100.0 AS patient_share,
                   sum(hospital_share) / 100.0 AS hospital_share
            FROM projections.statements JOIN (SELECT claim_id, paid FROM finance.statements) AS paid USING (claim_id)
            WHERE status = 'settled' GROUP BY {keys} ORDER BY {keys}""",
    )
    assert annual == await query(
        engine,
        f"""SELECT {keys}, claims, persons, total, paid, patient_share, hospital_share
            FROM finance.annual_report ORDER BY {keys}""",
    )
    reported, stated = [
        await query(engine, f"SELECT coalesce(sum(total), 0) AS total FROM {view}")
        for view in ("finance.annual_report", "finance.statements")
    ]
    assert reported == stated
    by_layer = await query(
        engine,
        """SELECT layer ->> 0 AS layer, sum((layer ->> 1)::bigint) / 100.0 AS paid
           FROM projections.statements, jsonb_array_elements(layers) AS layer
           WHERE status = 'settled' GROUP BY 1 HAVING sum((layer ->> 1)::bigint) > 0""",
    )
    (columns,) = await query(
        engine,
        """SELECT sum(basic) AS basic, sum(critical_illness) AS critical_illness, sum(assistance) AS assistance,
                  sum(supplementary) AS supplementary, sum(basic_second) AS basic_second, sum(backstop) AS backstop,
                  sum(public_health) AS public_health FROM finance.annual_report""",
    )
    paid = {row["layer"]: row["paid"] for row in by_layer}
    assert {layer: paid.get(layer) or 0 for layer in columns} == {layer: found or 0 for layer, found in columns.items()}
    # a scheme's own layers have no columns of their own
    every = await query(
        engine,
        """SELECT key AS layer, sum(value::numeric) AS paid FROM finance.annual_report, jsonb_each_text(layers)
           GROUP BY 1 HAVING sum(value::numeric) > 0""",
    )
    assert {row["layer"]: row["paid"] for row in every} == paid
    return annual


async def _hospital_costs_hold(engine: AsyncEngine) -> None:
    hospitals = await query(
        engine,
        """SELECT year, claims.hospital_id, count(*) AS claims, sum(claims.total) / 100.0 AS total,
                  sum(claims.self_funded) / 100.0 AS self_funded,
                  count(*) FILTER (WHERE statements.setting = 'inpatient') AS stays
           FROM projections.statements JOIN projections.claims USING (claim_id)
           WHERE status = 'settled' GROUP BY 1, 2 ORDER BY 1, 2""",
    )
    assert hospitals == await query(
        engine,
        """SELECT year, hospital_id, claims, total, self_funded, stays FROM finance.hospital_costs
           ORDER BY year, hospital_id""",
    )


async def _targets_hold(engine: AsyncEngine) -> None:
    assistance = await query(
        engine,
        """SELECT coalesce(sum(base), 0) AS base, coalesce(sum(paid - extra), 0) AS paid FROM ledger.entries
           WHERE layer = 'assistance' AND type LIKE 'payout.%'""",
    )
    keys = "year, region, scheme"
    # who reaches a target and who is on the list of those who do not are all whom it concerns
    concerned = await query(
        engine,
        f"""SELECT 'reimbursement' AS target, {keys}, count(*)::int AS persons FROM projections.person_years
            WHERE poor AND setting = 'inpatient' AND claims > 0 AND total > audited
                  AND scheme IN ('fusong', 'shanggao', 'anyi')
            GROUP BY {keys}
        UNION ALL
            SELECT 'chronic_reimbursement', {keys}, count(*)::int FROM projections.person_years
            WHERE poor AND setting = 'chronic' AND claims > 0 AND total > audited AND scheme = 'fusong' GROUP BY {keys}
        UNION ALL
            SELECT 'assistance', {keys}, count(*)::int FROM projections.person_years
            WHERE poor AND setting = 'inpatient' AND assistance_base > 0 AND scheme = 'fusong' AND year = 2020
            GROUP BY {keys}
        ORDER BY target, {keys}""",
    )
    assert concerned == await query(
        engine,
        f"""SELECT target, {keys}, persons FROM finance.attainment WHERE target <> 'enrolment'
            ORDER BY target, {keys}""",
    )
    missed = (
        "SELECT target, year, region, count(*)::bigint AS missed FROM finance.targets GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    assert await query(engine, missed) == await query(
        engine,
        """SELECT target, year, region, sum(persons - met)::bigint AS missed FROM finance.attainment
           GROUP BY 1, 2, 3 HAVING sum(persons - met) > 0 ORDER BY 1, 2, 3""",
    )
    assert assistance == await query(
        engine, "SELECT sum(assistance_base) AS base, sum(assistance_in_scope) AS paid FROM projections.person_years"
    )
