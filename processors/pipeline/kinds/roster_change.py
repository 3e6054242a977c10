"""A person enters or leaves a category of people whom assistance is for."""

from msgspec.structs import asdict, replace

from events import refusal_details
from events.facts import RosterChanged
from policies.vocabulary import named
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.premiums import ask_premiums, settle_premiums
from processors.pipeline.state import Keys
from projections.rosters import RosterChange, categories_on, rosters


def ask(keys: Keys, data: RosterChanged) -> None:
    """All claims of the person, the rosters, and the premiums."""
    keys.persons.add(data.person_id)
    keys.histories.add(data.person_id)
    ask_premiums(keys, data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: RosterChanged) -> None:
    """Settle again the claims on whose day the person's categories change, and the premiums of every year."""
    state = batch.state
    terms = batch.pinned.terms_of(event.region)
    was_recorded = (change.category == data.category for change in state.rosters.get(data.person_id, ()))
    if data.category not in terms.categories and not any(was_recorded):
        raise refusal_details.unknown_category(data.category, event.source, named(terms.categories))
    number = batch.record(event, person_id=data.person_id)
    change = RosterChange(number, data.person_id, data.category, data.change == "added", data.effective_on)
    changes = state.rosters.setdefault(data.person_id, [])
    changes.append(change)
    state.insert(rosters, number, asdict(change))
    touched = []
    for claim in list(state.by_person.get(data.person_id, {}).values()):
        categories = categories_on(changes, claim.date)
        # A reversed claim's statement shows the categories too; a run over it pays nothing.
        if categories != claim.categories:
            touched.append(replace(claim, categories=categories))
            state.keep_claim(touched[-1])
    cause = event.cause(number)
    batch.opener.reopen(touched, cause)
    settle_premiums(batch, data.person_id, state.years.get(data.person_id, ()), cause)


register(RosterChanged, ask, decide)
