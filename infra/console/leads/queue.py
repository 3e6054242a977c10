"""The queue of leads: those that wait first, the graver before the others, then by outlier × money; and a day's sample.

A review by rank alone never looks at what ranks low, so that a share of the open leads is drawn by lot each day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, Select, case, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.county_time import COUNTY_TIME
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.listing_sources import Criteria
from infra.console.pages import query_text
from policies.supervision.values import SEVERITIES, SEVERITY_NAMES
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.steps import STATE_NAMES
from projections.hospitals import hospitals
from projections.leads import leads

SAMPLE_SHARE = Decimal("0.05")
"""Of the open leads so many are drawn a day, at least one."""
RULE_NAMES = {code: rule.name for code, rule in SUPERVISION_RULES.items()}
FILTERS = (
    ListFilter("state", "状态", "state", "choice", STATE_NAMES),
    ListFilter("rule", "规则", "rule", "choice", RULE_NAMES),
    ListFilter("severity", "程度", "severity", "choice", {str(code): name for code, name in SEVERITY_NAMES.items()}),
    ListFilter("hospital", "医疗机构编号", "hospital id", column="hospital_id"),
    ListFilter("person", "参保人编号", "person id", column="person_id"),
    ListFilter("region", "统筹区", "region", "region"),
    ListFilter("since", "此日及以后", "since", "from", column="last_day"),
)
_STEP = Decimal(10) ** 26
"""More than any outlier × money: what is graver stands before it."""


def listing_of_leads(query: str, sample_of: date | None = None) -> Listing:
    """The listing; its links to leads carry ``query``, so that these know their place in the queue."""

    def to_lead(row: Row) -> str:
        return f"/leads/{row['lead_id']}" + (f"?{query}" if query else "")

    columns = (
        ListColumn("rule", "规则", "rule", names=RULE_NAMES, link=to_lead),
        ListColumn("severity", "程度", "severity", names={str(code): name for code, name in SEVERITY_NAMES.items()}),
        ListColumn("state", "状态", "state", names=STATE_NAMES),
        ListColumn("hospital", "医疗机构", "hospital", link=lambda row: f"/hospitals/{row['hospital_id']}"),
        ListColumn("person_id", "参保人", "person", "id", link=lambda row: f"/persons/{row['person_id']}"),
        ListColumn("first_day", "起", "from", "day"),
        ListColumn("last_day", "止", "until", "day"),
        ListColumn("claims", "单据", "claims", "count", link=to_lead),
        ListColumn("at_risk", "基金风险", "at risk", "fen", summed=True),
        ListColumn("outlier", "突出", "outlier"),
        ListColumn("found_at", "查得", "found", "day"),
        ListColumn("lead_id", "疑点", "lead", "id", link=to_lead, sortable=False),
    )
    listed = Listing("leads", "监管疑点 Leads", columns, FILTERS, order="-priority", key=("lead_id",), personal=True)
    if sample_of is None:
        return listed
    share = f"{SAMPLE_SHARE * 100:.0f}%"
    title = f"疑点抽样（{sample_of} 抽 {share}） Sample of leads drawn on {sample_of}, {share}"
    return replace(listed, name="leads-sample", title=title, order="drawn")


def leads_query(states: Mapping[str, str]) -> Select[Any]:
    """The leads; withdrawn ones only where a state is asked for."""
    columns = leads.c
    graver = case({code: place for place, code in enumerate(SEVERITIES)}, value=columns.severity, else_=0)
    waits = case((columns.state == "open", 10), else_=0)
    rank = cast(columns.outlier, Numeric) * columns.at_risk_total
    query = select(
        columns.lead_id,
        columns.rule,
        columns.severity,
        columns.state,
        columns.region,
        columns.hospital_id,
        func.coalesce(hospitals.c.name, columns.hospital_id).label("hospital"),
        columns.person_id,
        columns.dates[1].label("first_day"),
        columns.dates[func.cardinality(columns.dates)].label("last_day"),
        func.cardinality(columns.claims).label("claims"),
        columns.at_risk_total.label("at_risk"),
        func.round(cast(columns.outlier, Numeric) / 1000, 2).label("outlier"),
        columns.found_at,
        columns.case_id,
        (cast(waits + graver, Numeric) * literal(_STEP, Numeric) + rank).label("priority"),
    ).select_from(leads.outerjoin(hospitals, hospitals.c.hospital_id == columns.hospital_id))
    return query if states.get("state") else query.where(columns.state != "withdrawn")


def sample_query(day: date) -> Select[Any]:
    """The leads drawn on a day: by a hash of lead and day, out of those that were open when it began or came since.

    Who dismisses one of them does not draw another: a lead that left the queue today still stands in today's sample.
    """
    lot = func.left(func.md5(func.concat(leads.c.lead_id, day.isoformat())), 8)
    queue = leads_query({"state": "any"})
    began = datetime.combine(day, time(), COUNTY_TIME)
    drawn_from = queue.add_columns(lot.label("drawn")).where(
        or_(leads.c.state == "open", leads.c.changed_at >= began), leads.c.state != "withdrawn"
    )
    inner = drawn_from.subquery("lots")
    first = select(func.min(inner.c.drawn)).scalar_subquery()
    return select(inner).where(or_(inner.c.drawn < f"{int(SAMPLE_SHARE * 2**32):08x}", inner.c.drawn == first))


@dataclass(frozen=True, slots=True)
class PlaceInQueue:
    """Where a lead stands among those of a filter: its number from 1, and its neighbours' ids."""

    number: int
    total: int
    previous: str | None
    next: str | None


async def place_in_queue(
    connection: AsyncConnection, source: Select[Any], criteria: Criteria, lead_id: str, order: str
) -> PlaceInQueue | None:
    """A lead's place in the order of the queue; None where the filter leaves it out."""
    inner = source.subquery("listed")
    conditions = [each.where(inner.c[each.narrows], kind, value) for each, kind, value in criteria.narrowed]
    column = inner.c[order.removeprefix("-")]
    ordered = (column.desc() if order.startswith("-") else column.asc(), inner.c.lead_id)
    places = (
        select(
            inner.c.lead_id,
            func.row_number().over(order_by=ordered).label("number"),
            func.count().over().label("total"),
            func.lag(inner.c.lead_id).over(order_by=ordered).label("previous"),
            func.lead(inner.c.lead_id).over(order_by=ordered).label("next"),
        )
        .where(*conditions)
        .subquery("places")
    )
    row = (await connection.execute(select(places).where(places.c.lead_id == lead_id))).one_or_none()
    return None if row is None else PlaceInQueue(row.number, row.total, row.previous, row.next)


async def count_by_state(connection: AsyncConnection) -> dict[str, int]:
    """How many leads are in each state."""
    query = select(leads.c.state, func.count().label("waiting")).group_by(leads.c.state)
    return {row.state: row.waiting for row in await connection.execute(query)}


def queue_text(parameters: Mapping[str, str]) -> str:
    """The part of an address that says which queue a lead was opened from."""
    names = [*(each.name for each in FILTERS), "drawn"]
    return query_text({name: parameters[name] for name in names if name in parameters})
