"""A bureau suspends a hospital's service agreement or ends that: claims of those days are refused (上高 三5)."""

from msgspec.structs import asdict, replace

from events.facts import HospitalReinstated, HospitalSuspended
from processors.pipeline.acceptance import registered_hospital
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, Lookup
from projections.suspensions import Suspension, load_suspensions, suspensions, turns

SUSPENSIONS: Lookup[dict[str, list[Suspension]]] = Lookup(load_suspensions, dict)
"""By hospital, in recorded order."""


def ask(keys: Keys, data: HospitalSuspended | HospitalReinstated) -> None:
    """The hospital and its suspensions so far."""
    keys.hospitals.add(data.hospital_id)
    keys.look_up(SUSPENSIONS, data.hospital_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: HospitalSuspended | HospitalReinstated) -> None:
    """Record the change, and from which days on the hospital is suspended or no longer."""
    hospital = registered_hospital(batch.state, data.hospital_id)
    number = batch.record(event)
    suspended = isinstance(data, HospitalSuspended)
    clause = data.clause if isinstance(data, HospitalSuspended) else None
    change = Suspension(number, data.hospital_id, suspended, data.effective_on, data.reason, clause, event.source)
    changes = batch.state.of(SUSPENSIONS).setdefault(data.hospital_id, [])
    changes.append(change)
    batch.state.insert(suspensions, change.number, asdict(change))
    batch.state.put_hospital(replace(hospital, suspended=turns(changes)))


register(HospitalSuspended, ask, decide)
register(HospitalReinstated, ask, decide)
