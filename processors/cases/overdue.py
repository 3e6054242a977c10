"""What of supervision's work is late: leads, cases, evidence that is held, legal reviews, fines, answers."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import covers
from events.county_time import COUNTY_TIME
from events.money import yuan
from events.store.journal import database_time
from policies.supervision.text import SupervisionHistory
from policies.supervision.working_days import add_working_days
from processors.cases.deadlines import HOLDING, deadlines_in_force, late_fine
from processors.cases.measures import Done, done_facts, left_of
from processors.supervision.adoption import adopted_texts
from projections.case_register import CaseRegister
from projections.cases import Case
from projections.leads import leads
from projections.measures import PAYABLE, Measure

Late = dict[str, Any]


async def overdue_rows(engine: AsyncEngine, *, region: str | None = None, on: date | None = None) -> list[Late]:
    """What is late on a day, today unless given, the longest first."""
    async with engine.connect() as connection:
        day = on or (await database_time(connection)).astimezone(COUNTY_TIME).date()
        register = await CaseRegister().load(connection)
        done = await done_facts(connection, register.facts)
        found: list[Late] = []
        for case in register.cases:
            if case.status == "closed" or not (region is None or covers(region, case.region)):
                continue
            found += _of_case(register, case, day)
            for measure in register.of_case(register.measures, case.case_id):
                found += await _of_measure(connection, register, case, measure, day, done)
        found += await _of_leads(connection, region, day)
    return sorted(found, key=lambda late: (late["due_on"], late["case_id"] or "", late["of"] or ""))


def _of_case(register: CaseRegister, case: Case, day: date) -> Iterator[Late]:
    if case.decided_on is None and case.due_on < day:
        yield _late(case, "decision", case.due_on, day)
    notes = register.of_case(register.notes, case.case_id)
    for note in notes:
        ended = any(other.kind == HOLDING.get(note.kind) and other.number > note.number for other in notes)
        if note.due_on is not None and note.due_on < day and not ended:
            yield _late(case, note.kind, note.due_on, day, of=note.note_id)


async def _of_measure(
    connection: AsyncConnection, register: CaseRegister, case: Case, measure: Measure, day: date, done: Done
) -> list[Late]:
    if measure.status != "decided" or measure.due_on is None or measure.due_on >= day:
        return []
    if measure.kind == "warning_letter":
        return [] if measure.answered_on else [_late(case, "answer", measure.due_on, day, of=measure.measure_id)]
    left = left_of(register, measure, done) if measure.kind in PAYABLE else 0
    if not left:
        return []
    terms = await deadlines_in_force(connection, case.opened_on, case.region)
    late = late_fine(terms, register.with_payments(measure), day) - measure.paid_late
    told = {"left": yuan(left), "late_fine": yuan(late) if measure.kind == "fine" else None}
    return [_late(case, measure.kind, measure.due_on, day, of=measure.measure_id) | told]


async def _of_leads(connection: AsyncConnection, region: str | None, day: date) -> list[Late]:
    """Open leads that nobody has checked in time: a row a rule and region, since the first of them was due."""
    waiting: dict[tuple[str, str], tuple[date, int]] = {}
    history = SupervisionHistory(each.text for each in await adopted_texts(connection))
    found_on = cast(func.timezone("Asia/Shanghai", leads.c.found_at), Date).label("found_on")
    columns = (leads.c.rule, leads.c.region, found_on)
    counts = select(*columns, func.count().label("number")).where(leads.c.state == "open").group_by(*columns)
    for lead in await connection.execute(counts):
        days = history.in_force(lead.found_on, lead.region).deadlines.lead_check_working_days.value
        due_on = add_working_days(lead.found_on, days)
        if due_on < day and (region is None or covers(region, lead.region)):
            first, number = waiting.get((lead.rule, lead.region), (due_on, 0))
            waiting[lead.rule, lead.region] = min(first, due_on), number + lead.number
    return [
        {
            "case_id": None,
            "region": place,
            "subject_kind": None,
            "subject_id": None,
            "what": "lead_check",
            "of": rule,
            "due_on": first.isoformat(),
            "days": (day - first).days,
            "count": number,
            "left": None,
            "late_fine": None,
        }
        for (rule, place), (first, number) in waiting.items()
    ]


def _late(case: Case, what: str, due_on: date, day: date, of: str | None = None) -> Late:
    return {
        "case_id": case.case_id,
        "region": case.region,
        "subject_kind": case.subject_kind,
        "subject_id": case.subject_id,
        "what": what,
        "of": of,
        "due_on": due_on.isoformat(),
        "days": (day - due_on).days,
        "count": 1,
        "left": None,
        "late_fine": None,
    }
