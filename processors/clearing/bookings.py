"""What a range of the journals books for one region, parted by who is paid."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.decisions import GRANT_AWARDED
from events.store.journal import SETTLEMENT_STAGE
from processors.clearing.funds import GRANT, refund_fund
from processors.clearing.open_parts import by_persons, load_parts
from processors.clearing.parties import Kind, Party
from processors.clearing.ranges import Ranges
from processors.clearing.refunds import Refunded, load_refunds
from processors.delivery.names import INTAKE_JOURNAL as REFUNDS

# Grants carry the claim that brought them about, so one join gives the region of every booking.
_IN_RANGES = """
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS taken (journal, begun, ended)
JOIN ledger.entries AS entry
  ON entry.journal = taken.journal AND entry.number > taken.begun AND entry.number <= taken.ended
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE claim.region = :region
"""
_PAID = """
  AND entry.type IN ('payout.decided.v1', 'payout.adjusted.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
  AND entry.paid <> 0
"""
_OF_FIRST_RUN = f"{_PAID} AND entry.stage < {SETTLEMENT_STAGE} AND entry.run = claim.opened"

_FIRST = f"""
SELECT claim.prepaid, CASE WHEN claim.prepaid THEN claim.person_id ELSE claim.hospital_id END AS payee, entry.layer,
       sum(entry.paid)::bigint AS amount
{_IN_RANGES} {_OF_FIRST_RUN}
GROUP BY 1, 2, 3
"""
_TREATED = "claim.claim_id, claim.person_id, claim.number, claim.hospital_id, claim.hospital_region, claim.date"
_PREPAID_BY = f"""
SELECT {_TREATED}, entry.layer, entry.paid
{_IN_RANGES} {_OF_FIRST_RUN} AND claim.prepaid AND claim.person_id = ANY(:persons)
"""
_GRANTS = f"""
SELECT entry.person_id, entry.type, entry.paid
{_IN_RANGES} {_PAID} AND entry.stage > {SETTLEMENT_STAGE}
"""
# A reversal may part what no layer books anything for: it is taken with its settlement.
_LATER = f"""
SELECT {_TREATED}, claim.prepaid, claim.opened,
       array_agg(entry.journal) AS journals, array_agg(entry.number) AS numbers
{_IN_RANGES} AND entry.run <> claim.opened
  AND (entry.type IN ('payout.decided.v1', 'payout.adjusted.v1') AND entry.paid <> 0
       OR entry.type IN ('claim.settled.v1', 'claim.resettled.v1') AND NOT claim.standing)
GROUP BY claim.claim_id ORDER BY claim.person_id, claim.number
"""
_LATER_AMOUNTS = f"""
SELECT claim.claim_id, entry.stage, entry.layer, array_agg(entry.paid) AS amounts
{_IN_RANGES} {_PAID} AND entry.stage < {SETTLEMENT_STAGE} AND entry.run <> claim.opened
GROUP BY 1, 2, 3
"""


class Treated(NamedTuple):
    """A claim: whose, where and when. ``number`` is its place in the person's ledger order."""

    claim_id: str
    person_id: str
    number: int
    hospital_id: str
    day: date
    outside: bool
    """the person's region (县域外就诊)"""


@dataclass(frozen=True, slots=True)
class Booked:
    """An amount in fen of one fund, to or from one payee; ``claim`` None where many are summed, and beside layers.

    ``stage`` is that of the claim's path whose net it changes, where it is a part of what a later run has booked.
    """

    party: Party
    payee: str
    fund: str
    kind: Kind
    amount: int
    claim: Treated | None = None
    stage: int | None = None


async def load_booked(connection: AsyncConnection, region: str, ranges: Ranges) -> list[Booked]:
    """Everything that the ranges book for the region: first settlements as sums, refunds of premiums one by one, the
    rest claim by claim."""
    later = [entry async for entry in _parted(connection, region, ranges)]
    return [*await load_told(connection, region, ranges), *later]


async def load_told(connection: AsyncConnection, region: str, ranges: Ranges) -> list[Booked]:
    """What the ranges book for the region whose payee the entries themselves tell: what claims' own first runs have
    booked, grants and refunds of premiums."""
    within = _parameters(region, ranges)
    found = [
        Booked("person" if row.prepaid else "hospital", row.payee, row.layer, "settled", row.amount)
        for row in await connection.execute(text(_FIRST), within)
    ]
    for row in await connection.execute(text(_GRANTS), within):
        kind: Kind = "settled" if row.type == GRANT_AWARDED else "adjusted"
        found.append(Booked("person", row.person_id, GRANT, kind, row.paid))
    for refund in await _refunds(connection, region, ranges):
        kind = "settled" if refund.first else "adjusted"
        found.append(Booked("person", refund.person_id, refund_fund(refund.payer), kind, refund.amount))
    return found


async def load_prepaid(
    connection: AsyncConnection, region: str, ranges: Ranges, persons: Iterable[str]
) -> list[Booked]:
    """First settlements of what some persons had prepaid, claim by claim."""
    within = _parameters(region, ranges) | {"persons": sorted(persons)}
    return [
        Booked("person", row.person_id, row.layer, "settled", row.paid, _treated(region, row))
        for row in await connection.execute(text(_PREPAID_BY), within)
    ]


async def load_later_amounts(
    connection: AsyncConnection, region: str, ranges: Ranges
) -> dict[tuple[str, int, str], list[int]]:
    """What runs after claims' own first ones have booked in the ranges, by claim, stage and its layer, in fen."""
    rows = await connection.execute(text(_LATER_AMOUNTS), _parameters(region, ranges))
    return {(row.claim_id, row.stage, row.layer): row.amounts for row in rows}


async def _refunds(connection: AsyncConnection, region: str, ranges: Ranges) -> list[Refunded]:
    # clearings from before refunds were cleared have no range of their journal
    begun, ended = ranges.get(REFUNDS, (0, 0))
    return [refund async for refund in load_refunds(connection, begun, ended) if refund.region == region]


def _parameters(region: str, ranges: Ranges) -> dict[str, Any]:
    payouts = {journal: taken for journal, taken in ranges.items() if journal != REFUNDS}
    return {
        "region": region,
        "journals": list(payouts),
        "begun": [begun for begun, _ in payouts.values()],
        "ended": [ended for _, ended in payouts.values()],
    }


async def _parted(connection: AsyncConnection, region: str, ranges: Ranges) -> AsyncIterator[Booked]:
    """What runs after the claims' own first ones have booked, claim by claim."""
    async for claims in by_persons(connection, text(_LATER), _parameters(region, ranges)):
        parts = await load_parts(connection, claims, ranges)
        for claim in claims:
            treated = _treated(region, claim)
            taken = set(zip(claim.journals, claim.numbers, strict=True))
            for part in parts[claim.claim_id]:
                if (part.booking.journal, part.booking.number) in taken:
                    payee = claim.person_id if part.party == "person" else claim.hospital_id
                    yield Booked(part.party, payee, part.layer, part.kind, part.amount, treated, part.stage)


def _treated(region: str, row: Row[Any]) -> Treated:
    outside = not covers(region, row.hospital_region)
    return Treated(row.claim_id, row.person_id, row.number, row.hospital_id, row.date, outside)
