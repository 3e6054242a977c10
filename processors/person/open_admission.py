"""Whether a hospital treats a person now: an admission of the person there is neither discharged nor cancelled."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.catalog import HOSPITAL, read
from events.store.journal import entries
from projections.admissions import load_admissions

_ADMITTED = "admission.recorded.v1"


async def has_open_admission(connection: AsyncConnection, hospital_id: str, person_id: str) -> bool:
    """Whether a hospital has an open admission of a person.

    The hospital's admissions of the person are found in the ledger, which has an index by person: one on the
    projection would cost at every admission and discharge.
    """
    source = f"{HOSPITAL}/{hospital_id}"
    recorded = await connection.execute(
        select(entries.c.raw).where(
            entries.c.person_id == person_id,
            entries.c.claim_number.is_(None),
            entries.c.run.is_(None),
            entries.c.stage.is_(None),
            entries.c.type == _ADMITTED,
            entries.c.source == source,
        )
    )
    told = (read(raw, source).data for raw in recorded.scalars())
    own = [data.admission_id for data in told if isinstance(data, facts.AdmissionRecorded)]
    known = await load_admissions(connection, own)
    return any(not admission.cancelled and admission.discharged_by is None for admission in known.values())
