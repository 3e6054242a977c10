"""A bureau names a hospital where insured people are treated, or changes what it said of it."""

from msgspec.structs import replace

from events.facts import HospitalRegistered
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys
from projections.hospitals import Hospital


def ask(keys: Keys, data: HospitalRegistered) -> None:
    """The hospital as it was registered before."""
    keys.hospitals.add(data.hospital_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: HospitalRegistered) -> None:
    """Put the hospital in place of an earlier registration; its suspensions stay."""
    batch.record(event)
    hospital = Hospital(
        data.hospital_id, data.name, data.tier, data.region, data.designated_from, data.designated_until
    )
    known = batch.state.hospitals.get(data.hospital_id)
    if known is not None:
        hospital = replace(hospital, suspended=known.suspended, kind=known.kind)
    batch.state.put_hospital(hospital if data.kind is None else replace(hospital, kind=data.kind))


register(HospitalRegistered, ask, decide)
