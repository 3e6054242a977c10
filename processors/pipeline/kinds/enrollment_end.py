"""A person's insurance of a year ends: moved to employees' insurance, withdrawn (退保), moved away.

Claims that were accepted stay; later claims of the days behind the end are refused. What is due for a cover that had
begun stays whole (docs/decisions/0015-an-enrollment-that-ends.md).
"""

from msgspec.structs import replace

from events.facts import EnrollmentEnded
from events.refusals import Refusal
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.premiums import ask_premiums, settle_premiums
from processors.pipeline.state import Keys
from processors.pipeline.unenrolled_claims import UNENROLLED, tell_refused


def ask(keys: Keys, data: EnrollmentEnded) -> None:
    """The person's enrollments, rosters and premiums, and what was refused of him for want of an enrollment."""
    keys.persons.add(data.person_id)
    keys.look_up(UNENROLLED, data.person_id)
    ask_premiums(keys, data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: EnrollmentEnded) -> None:
    """End the enrollment of the year in that region, and settle its premiums."""
    before = batch.state.enrolments.get((data.person_id, data.year))
    if before is None or before.region != data.region:
        raise Refusal("not_enrolled", f"{data.person_id} is not enrolled in {data.region} for {data.year}")
    number = batch.record(event, person_id=data.person_id)
    ended = replace(before, ended_on=data.effective_on)
    batch.state.put_enrolment(ended)
    tell_refused(batch, before, ended, number)
    settle_premiums(batch, data.person_id, {data.year}, event.cause(number))


register(EnrollmentEnded, ask, decide)
