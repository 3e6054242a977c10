"""Inspections of hospitals and pharmacies are recorded, and mistaken records taken back by another person."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct, to_builtins
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import INSPECTION_RECORDED, INSPECTION_WITHDRAWN
from processors.cases.deadlines import deadlines_in_force
from processors.cases.journal import open_journal, require_past
from processors.cases.refusal import CaseRefused
from processors.offices.operators import Operator
from projections.hospitals import load_hospitals
from projections.inspections import Inspection


class InspectionOrder(Struct, frozen=True):
    """An inspection of several institutions of one kind, with one result."""

    region: str
    hospitals: tuple[str, ...]
    institution_kind: str
    kind: str
    officers: tuple[str, ...]
    result: str
    document_no: str
    reason: str
    inspected_on: date | None = None


async def record_inspection(engine: AsyncEngine, order: InspectionOrder, actor: str) -> list[str]:
    """Record an inspection of each institution; returns their ids. Raises ``CaseRefused``."""
    made: list[str] = []
    async with open_journal(engine) as journal:
        day = order.inspected_on or journal.today
        require_past(journal, day, "检查日期")
        terms = await deadlines_in_force(journal.connection, day, order.region)
        if len(set(order.officers)) < terms.officers.value:
            raise CaseRefused(
                f"执法人员不得少于 {terms.officers.value} 人。at least {terms.officers.value} officers take part"
            )
        known = await load_hospitals(journal.connection, order.hospitals)
        unknown = sorted(set(order.hospitals) - known.keys())
        if unknown:
            raise CaseRefused(f"没有登记的医疗机构 {unknown[0]}。no hospital {unknown[0]} is registered")
        _require_other_days(journal.register.inspections, order.hospitals, day)
        common = to_builtins(order) | {"inspected_on": day.isoformat(), "actor": actor}
        del common["hospitals"]
        for hospital_id in dict.fromkeys(order.hospitals):
            inspection_id = f"{order.region}-I{journal.next_number}"
            journal.record(INSPECTION_RECORDED, common | {"inspection_id": inspection_id, "hospital_id": hospital_id})
            made.append(inspection_id)
    return made


async def withdraw_inspection(engine: AsyncEngine, inspection_id: str, actor: str, reason: str) -> None:
    """Take back a record that was a mistake; another person than recorded it. Raises ``CaseRefused``."""
    async with open_journal(engine) as journal:
        found = journal.register.inspections.get(inspection_id)
        if found is None or found.withdrawn_by is not None:
            raise CaseRefused(f"没有检查记录 {inspection_id}。there is no inspection {inspection_id}")
        used = [case.case_id for case in journal.register.cases if case.inspection_id == inspection_id]
        if used:
            raise CaseRefused(f"案件 {used[0]} 由该检查立案。case {used[0]} rests on it")
        first = Operator(found.recorded_by, found.recorded_login)
        journal.operator(actor).must_differ(first, f"recorded {inspection_id}", "take it back")
        journal.record(INSPECTION_WITHDRAWN, {"inspection_id": inspection_id, "actor": actor, "reason": reason})


def _require_other_days(known: Iterable[Inspection], hospitals: Sequence[str], day: date) -> None:
    """One inspection of an institution a day."""
    taken = {each.hospital_id for each in known if each.inspected_on == day and each.withdrawn_by is None}
    again = sorted(taken & set(hospitals))
    if again:
        raise CaseRefused(f"{again[0]} {day} 的检查已登记。the inspection of {again[0]} on {day} is recorded already")
