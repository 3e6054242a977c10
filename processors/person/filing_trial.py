"""What filing treatment elsewhere would enter: decided as intake would, and nothing is booked."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import read
from events.codes import covers
from events.facts import ReferralFiled
from processors.pipeline.acceptance import FILINGS
from processors.pipeline.intake import load_for
from processors.pipeline.kinds.referral import require_own_number
from projections.enrolments import enrolments
from projections.referral_filings import ReferralFiling


@dataclass(frozen=True, slots=True)
class FilingTrial:
    """``replaces`` is what stands under its number now. ``insured_in`` is the region that insures the person on the
    first day, None where nobody does; ``counts`` whether the bureau's word counts for who is insured there."""

    replaces: ReferralFiling | None
    insured_in: str | None
    counts: bool


async def foresee_filing(connection: AsyncConnection, raw: bytes, source: str) -> FilingTrial:
    """What a referral.filed event would do now. Raises ``Refusal`` as acceptance refuses it."""
    fact = read(raw, source, arriving=True)
    data = fact.data
    if not isinstance(data, ReferralFiled):
        raise TypeError(f"{fact.type} files nothing")
    state = await load_for(connection, [fact])
    region = require_own_number(state, fact.source, data)
    known = state.of(FILINGS).get(data.person_id, [])
    before = next((each for each in known if (each.region, each.filing_id) == (region, data.filing_id)), None)
    insured = select(enrolments.c.region).where(
        enrolments.c.person_id == data.person_id, enrolments.c.year == data.effective_on.year
    )
    insured_in = (await connection.execute(insured)).scalar()
    return FilingTrial(before, insured_in, insured_in is not None and covers(region, insured_in))
