"""A bureau files treatment away from home (异地备案) or a referral (转诊).

It makes a stay filed that its hospital says is not, where its discharge is accepted behind it; a stay that the hospital
says is filed stays filed. A second filing under its number replaces the first.
"""

from events import refusal_details
from events.facts import ReferralFiled
from processors.pipeline.acceptance import FILINGS
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState, Lookup
from projections.referral_filings import ReferralFiling, filing_owners, referral_filings

OWNERS: Lookup[dict[tuple[str, str], str]] = Lookup(filing_owners, dict)
"""Whose filing each number is."""


def ask(keys: Keys, data: ReferralFiled) -> None:
    """The person's filings, and whether the number is used."""
    keys.look_up(FILINGS, data.person_id)
    keys.look_up(OWNERS, data.filing_id)


def require_own_number(state: LedgerState, source: str, data: ReferralFiled) -> str:
    """Refuse a number that the bureau has used for another person; returns the bureau's region."""
    region = source.partition("/")[2]
    if state.of(OWNERS).get((region, data.filing_id), data.person_id) != data.person_id:
        raise refusal_details.duplicate_filing(region, data.filing_id)
    return region


def decide(batch: IntakeBatch, event: IncomingEvent, data: ReferralFiled) -> None:
    """Enter a filing, in place of what its bureau said under the number before."""
    region = require_own_number(batch.state, event.source, data)
    key = region, data.filing_id
    number = batch.record(event, person_id=data.person_id)
    said = {name: getattr(data, name) for name in type(data).model_fields}
    filing = ReferralFiling(region=region, number=number, **said)
    known = batch.state.of(FILINGS).get(data.person_id, [])
    others = [each for each in known if (each.region, each.filing_id) != key]
    batch.state.of(FILINGS)[data.person_id] = [*others, filing]
    batch.state.of(OWNERS)[key] = data.person_id
    batch.state.upsert(referral_filings, key, said | {"region": region, "number": number})


register(ReferralFiled, ask, decide)
