"""By when the steps of a case are due, by the supervision text in force on the day it was opened."""

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.arithmetic import share
from policies.supervision.deadlines import CaseDeadlines
from policies.supervision.text import SupervisionHistory
from policies.supervision.working_days import add_working_days
from processors.supervision.adoption import adopted_texts
from projections.measures import Measure

HOLDING = {"evidence_hold": "evidence_released", "sealing": "evidence_released", "legal_review_asked": "legal_review"}
"""Notes that have a deadline, and the note that ends it."""


async def deadlines_in_force(connection: AsyncConnection, day: date, region: str) -> CaseDeadlines:
    """The section ``deadlines`` of the supervision text that holds on a day in a region."""
    adopted = (each.text for each in await adopted_texts(connection))
    return SupervisionHistory(adopted).in_force(day, region).deadlines


def years_later(day: date, years: int) -> date:
    """The same day some years later; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def case_due_on(terms: CaseDeadlines, opened_on: date) -> date:
    """The day by which a case is to be decided, before any extension."""
    return opened_on + timedelta(days=terms.case_days.value)


def note_due_on(terms: CaseDeadlines, kind: str, day: date) -> date | None:
    """The day by which what a note begins is to end; None of notes without a deadline."""
    match kind:
        case "evidence_hold":
            return add_working_days(day, terms.evidence_hold_working_days.value)
        case "sealing":
            return day + timedelta(days=terms.sealing_days.value)
        case "legal_review_asked":
            return add_working_days(day, terms.legal_review_working_days.value)
        case _:
            return None


def measure_due_on(terms: CaseDeadlines, kind: str, day: date) -> date | None:
    """The day by which a measure that was decided on a day is to be paid or answered."""
    match kind:
        case "fine" | "refund":
            return day + timedelta(days=terms.fine_days.value)
        case "warning_letter":
            return add_working_days(day, terms.warning_answer_working_days.value)
        case _:
            return None


def late_fine(terms: CaseDeadlines, measure: Measure, day: date) -> int:
    """What paying a fine late has cost by a day, in fen; never more than the fine (行政处罚法 七十二).

    Each day counts by what is still unpaid of the fine that day.
    """
    if measure.kind != "fine" or measure.due_on is None or measure.amount is None:
        return 0
    due = 0
    left = measure.amount - sum(each.amount for each in measure.payments if each.paid_on <= measure.due_on)
    begin = measure.due_on
    for payment in sorted(measure.payments, key=lambda each: each.paid_on):
        if payment.paid_on > measure.due_on and payment.paid_on <= day:
            due += share(left * (payment.paid_on - begin).days, terms.late_fine_daily.value)
            begin, left = payment.paid_on, left - payment.amount
    if left > 0 and day > begin:
        due += share(left * (day - begin).days, terms.late_fine_daily.value)
    return min(due, measure.amount)
