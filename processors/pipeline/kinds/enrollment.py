"""A person is insured for a year; a second enrollment for the year replaces the first, and an end of it.

What an enrollment does not say of the person or of ``self_paid`` stays as it was said before. The insurance
type it always says: version 1 means a resident.
"""

from typing import Any, Protocol

from events import refusal_details
from events.facts import EnrollmentRecorded
from policies.premiums import cover
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.kinds.death import DEATHS
from processors.pipeline.premiums import ask_premiums, settle_premiums
from processors.pipeline.state import Keys
from processors.pipeline.unenrolled_claims import UNENROLLED, tell_refused
from projections.enrolments import Enrolment

KEPT = ("self_paid", "birth_month", "sex", "household_id", "township", "village", "contracted_doctor", "years_insured")
"""What stays as it was said of the year before, where an enrollment says nothing of it."""
_WHERE = frozenset({"township", "village"})
_OF_A_REGION = _WHERE | {"household_id"}


class Told(Protocol):
    """What was said of a person's year before."""

    @property
    def region(self) -> str:
        """The region that insured the person."""
        ...


def kept(data: EnrollmentRecorded, before: Told | None) -> dict[str, Any]:
    """What counts of the person: as said now, else before.

    A household and a place are those of one region. Of township and village one that is said replaces both.
    """
    said = {name: getattr(data, name) for name in KEPT}
    if before is None:
        return said
    anew = _OF_A_REGION if before.region != data.region else frozenset[str]()
    if data.township is not None or data.village is not None:
        anew |= _WHERE
    return {
        name: getattr(before, name) if value is None and name not in anew else value for name, value in said.items()
    }


def ask(keys: Keys, data: EnrollmentRecorded) -> None:
    """The person's enrollments, rosters, death and premiums."""
    keys.persons.add(data.person_id)
    keys.look_up(DEATHS, data.person_id)
    keys.look_up(UNENROLLED, data.person_id)
    ask_premiums(keys, data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: EnrollmentRecorded) -> None:
    """Fix the scheme that the year's premiums follow from now on, and settle them.

    That is the scheme in force for the region and insurance type on the first day of the cover, or None. The day of
    death has no say in it: a death may be reported later, or be corrected.
    """
    _require_born(batch, data)
    days = cover(data.year, data.effective_on)
    of_type = data.insurance_type
    scheme = batch.pinned.for_region(data.region, days[0], of_type) if days is not None else None
    before = batch.state.enrolments.get((data.person_id, data.year))
    enrolment = Enrolment(
        person_id=data.person_id,
        year=data.year,
        region=data.region,
        effective_on=data.effective_on,
        scheme=scheme.content_hash if scheme else None,
        died_on=batch.state.of(DEATHS).get(data.person_id),
        insurance_type=data.insurance_type,
        **kept(data, before),
    )
    fixed = {"scheme": enrolment.scheme, "self_paid": enrolment.self_paid}
    number = batch.record(event, person_id=data.person_id, fixed=fixed)
    batch.state.put_enrolment(enrolment)
    tell_refused(batch, before, enrolment, number)
    settle_premiums(batch, data.person_id, {data.year}, event.cause(number))


def _require_born(batch: IntakeBatch, data: EnrollmentRecorded) -> None:
    today = batch.state.today
    if data.birth_month is not None and data.birth_month > f"{today:%Y-%m}":
        raise refusal_details.born_in_future(data.birth_month, today)


register(EnrollmentRecorded, ask, decide)
