"""A person has died: the enrollments end with that day. A second report replaces the first."""

from datetime import date

from msgspec.structs import replace

from events.facts import PersonDied
from processors.pipeline.acceptance import require_past
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.premiums import ask_premiums, settle_premiums
from processors.pipeline.state import Keys, Lookup
from processors.pipeline.unenrolled_claims import UNENROLLED, tell_refused
from projections.deaths import deaths, load_deaths

DEATHS: Lookup[dict[str, date]] = Lookup(load_deaths, dict)
"""The day of death by person, as last reported."""


def ask(keys: Keys, data: PersonDied) -> None:
    """The person's enrollments, rosters and premiums."""
    keys.persons.add(data.person_id)
    keys.look_up(UNENROLLED, data.person_id)
    ask_premiums(keys, data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: PersonDied) -> None:
    """End the person's enrollments, and settle the premiums of their years."""
    state = batch.state
    require_past(state, "data.died_on", data.died_on)
    number = batch.record(event, person_id=data.person_id)
    state.of(DEATHS)[data.person_id] = data.died_on
    row = {"person_id": data.person_id, "died_on": data.died_on, "number": number, "source": event.source}
    state.upsert(deaths, data.person_id, row)
    years = state.years.get(data.person_id, set())
    for year in sorted(years):
        before = state.enrolments[data.person_id, year]
        state.put_enrolment(replace(before, died_on=data.died_on))
        tell_refused(batch, before, state.enrolments[data.person_id, year], number)
    settle_premiums(batch, data.person_id, years, event.cause(number))


register(PersonDied, ask, decide)
