"""Cases, measures, inspections and the blacklist as they are listed: money in yuan, days as ISO text."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import structs
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.money import yuan
from events.store.driver import fetch_text
from processors.cases.journal import load_register
from projections.cases import CaseFinding
from projections.inspections import Inspection

Row = Mapping[str, Any]

CASES = table(
    "cases",
    *map(
        column,
        (
            *("case_id", "region", "origin", "subject_kind", "subject_id", "hospital_region", "status", "opened_on"),
            *("due_on", "decided_on", "closed_on", "outcome", "document_no", "decision_no", "findings", "found"),
            *("to_recover", "recovered", "fined"),
        ),
    ),
    schema="finance",
)
MEASURES = table(
    "measures",
    *map(
        column,
        (
            *("measure_id", "case_id", "region", "subject_kind", "subject_id", "subject_region", "kind", "status"),
            *("amount", "from_on", "until", "basis", "document_no", "reason", "decided_on", "due_on", "lifted_on"),
            *("answered_on", "paid", "paid_late", "facts", "taken", "refused", "ledger_numbers", "refusal_reasons"),
            *("to_recover", "recovered"),
        ),
    ),
    schema="finance",
)
BLACKLIST = table(
    "blacklist",
    *map(
        column,
        (
            *("entry_id", "region", "subject_kind", "subject_id", "case_id", "reason", "effects", "basis"),
            *("document_no", "from_on", "until", "removed_on", "status", "entered_by", "approved_by", "approved_on"),
            *("removal_reason", "removal_approved_by", "holds"),
        ),
    ),
    schema="finance",
)


def plain(row: Row) -> dict[str, Any]:
    """A row for people and programs: days as text, amounts as yuan with two places."""

    def told(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value

    return {str(name): told(value) for name, value in row.items()}


async def case_rows(
    engine: AsyncEngine, *, region: str | None = None, subject: str | None = None, status: str | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Cases in the order in which they were opened."""
    query = select(CASES).order_by(CASES.c.opened_on, CASES.c.case_id)
    async for row in _rows(engine, query, {CASES.c.subject_id: subject, CASES.c.status: status}, region):
        yield row


async def measure_rows(
    engine: AsyncEngine,
    *,
    region: str | None = None,
    case_id: str | None = None,
    subject: str | None = None,
    kind: str | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """Measures with what intake made of their facts, and what the funds got back."""
    view = MEASURES.c
    query = select(MEASURES).order_by(view.decided_on, view.measure_id)
    async for row in _rows(engine, query, {view.case_id: case_id, view.subject_id: subject, view.kind: kind}, region):
        yield row


async def blacklist_rows(
    engine: AsyncEngine, *, region: str | None = None, subject: str | None = None, holding: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """Entries of the blacklist; ``holding`` only those that hold today."""
    view = BLACKLIST.c
    query = select(BLACKLIST).order_by(view.from_on, view.entry_id)
    async for row in _rows(engine, query, {view.subject_id: subject, view.holds: True if holding else None}, region):
        yield row


async def inspection_rows(
    engine: AsyncEngine, *, region: str | None = None, year: int | None = None, hospital_id: str | None = None
) -> list[dict[str, Any]]:
    """Inspections in the order in which they were recorded, mistaken ones too."""
    register = await load_register(engine)
    return [
        _inspection_json(each)
        for each in register.inspections
        if (region is None or covers(region, each.region))
        and (year is None or each.inspected_on.year == year)
        and hospital_id in (None, each.hospital_id)
    ]


async def case_file(engine: AsyncEngine, case_id: str) -> dict[str, Any] | None:
    """All of one case: notes, findings, leads, measures and their facts; None where there is no such case."""
    register = await load_register(engine)
    case = register.cases.get(case_id)
    if case is None:
        return None
    told = plain(structs.asdict(case))
    told["notes"] = [
        plain(structs.asdict(each)) | {"amount": None if each.amount is None else yuan(each.amount)}
        for each in register.of_case(register.notes, case_id)
    ]
    told["findings"] = [finding_json(each) for each in register.of_case(register.findings, case_id)]
    told["lead_states"] = [
        {"lead_id": each.lead_id, "state": each.state} for each in register.of_case(register.leads, case_id)
    ]
    told["measures"] = [row async for row in measure_rows(engine, case_id=case_id)]
    async with engine.connect() as connection:
        told["facts"] = await _fact_rows(connection, case_id)
    return told


def finding_json(finding: CaseFinding) -> dict[str, Any]:
    """A finding for people and programs, money in yuan."""
    claims = [structs.asdict(each) | {"amount": yuan(each.amount)} for each in finding.claims]
    layers = {layer: yuan(fen) for layer, fen in finding.layers.items()}
    return plain(structs.asdict(finding)) | {"amount": yuan(finding.amount), "claims": claims, "layers": layers}


async def _fact_rows(connection: AsyncConnection, case_id: str) -> list[dict[str, Any]]:
    rows = await fetch_text(connection, _FACTS, [case_id])
    return [plain(dict(row)) for row in rows]


_FACTS = """
SELECT fact.measure_id, fact.source, fact.event_id, fact.type, entry.number AS ledger_number,
       CASE WHEN entry.number IS NULL THEN 'to_be_sent'
            WHEN entry.type = 'event.rejected.v1' THEN 'refused' ELSE 'taken' END AS state,
       refusal.reason AS refusal_reason, refusal.detail_zh AS refusal_detail
FROM projections.case_facts AS fact
LEFT JOIN ledger.entries AS entry
       ON entry.source = fact.source AND entry.event_id = fact.event_id
      AND entry.source IS NOT NULL AND entry.type <> 'event.waiting.v1'
LEFT JOIN projections.refusals AS refusal ON entry.type = 'event.rejected.v1' AND refusal.number = entry.number
WHERE fact.case_id = $1::text
ORDER BY fact.number, fact.place
"""


def _inspection_json(each: Inspection) -> dict[str, Any]:
    return plain({name: value for name, value in structs.asdict(each).items() if name != "number"})


async def _rows(
    engine: AsyncEngine, query: Any, wanted: Mapping[Any, Any], region: str | None
) -> AsyncIterator[dict[str, Any]]:
    conditions: Iterable[Any] = (name == value for name, value in wanted.items() if value is not None)
    async with engine.connect() as connection:
        for row in (await connection.execute(query.where(*conditions))).mappings():
            if region is None or covers(region, row["region"]):
                yield plain({str(name): value for name, value in row.items()})
