"""A person is insured for a year; a second enrollment for the year replaces the first, and an end of it.

What an enrollment does not say of ``self_paid`` stays as it was said before.
"""

from events.facts import EnrollmentRecorded
from policies.premiums import cover
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.kinds.death import DEATHS
from processors.pipeline.premiums import ask_premiums, settle_premiums
from processors.pipeline.state import Keys
from processors.pipeline.unenrolled_claims import UNENROLLED, tell_refused
from projections.enrolments import Enrolment


def ask(keys: Keys, data: EnrollmentRecorded) -> None:
    """The person's enrollments, rosters, death and premiums."""
    keys.persons.add(data.person_id)
    keys.look_up(DEATHS, data.person_id)
    keys.look_up(UNENROLLED, data.person_id)
    ask_premiums(keys, data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: EnrollmentRecorded) -> None:
    """Fix the scheme that the year's premiums follow from now on, and settle them.

    That is the scheme in force for the region on the first day of the cover, or None. The day of death has no say in
    it: a death may be reported later, or be corrected.
    """
    days = cover(data.year, data.effective_on)
    scheme = batch.pinned.for_region(data.region, days[0]) if days is not None else None
    before = batch.state.enrolments.get((data.person_id, data.year))
    said_before = before.self_paid if before is not None else None
    enrolment = Enrolment(
        person_id=data.person_id,
        year=data.year,
        region=data.region,
        effective_on=data.effective_on,
        self_paid=said_before if data.self_paid is None else data.self_paid,
        scheme=scheme.content_hash if scheme else None,
        died_on=batch.state.of(DEATHS).get(data.person_id),
    )
    fixed = {"scheme": enrolment.scheme, "self_paid": enrolment.self_paid}
    number = batch.record(event, person_id=data.person_id, fixed=fixed)
    batch.state.put_enrolment(enrolment)
    tell_refused(batch, before, enrolment, number)
    settle_premiums(batch, data.person_id, {data.year}, event.cause(number))


register(EnrollmentRecorded, ask, decide)
