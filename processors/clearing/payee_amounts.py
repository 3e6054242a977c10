"""What some ranges of the journals book for one region, by payee and fund."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.decisions import GRANT_AWARDED
from policies.funds import BookedFund, booked_fund
from processors.clearing.counterparties import PartKind, Party
from processors.clearing.funds import GRANT, refund_fund
from processors.clearing.later_facts import UnclearedClaim
from processors.clearing.premium_refunds import PremiumRefund, load_refunds
from processors.clearing.uncleared_parts import by_persons, load_parts
from processors.delivery.names import INTAKE_JOURNAL
from projections.bookings import (
    FUND,
    GRANT_KIND,
    INSURER,
    IS_GRANT,
    IS_PAYOUT,
    MOVES_BETWEEN_PARTIES,
    OF_FIRST_RUN,
    PAYEE,
)
from projections.clearing_rows import Ranges

IN_RANGES = """
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS taken (journal, begun, ended)
JOIN ledger.entries AS entry
  ON entry.journal = taken.journal AND entry.number > taken.begun AND entry.number <= taken.ended
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE claim.region = :region
"""
FIRST_PAYOUTS = f"{IN_RANGES} AND {IS_PAYOUT} AND entry.paid <> 0 AND {OF_FIRST_RUN}"
GRANTS_IN_RANGES = f"{IN_RANGES} AND {IS_GRANT} AND entry.paid <> 0"
LATER_PAYOUT = f"({IS_PAYOUT} AND entry.paid <> 0 AND NOT {OF_FIRST_RUN})"

_FIRST = f"""
SELECT claim.prepaid, {PAYEE} AS payee, entry.layer, {FUND} AS fund, {INSURER} AS insurer,
       sum(entry.paid)::bigint AS amount
{FIRST_PAYOUTS}
GROUP BY 1, 2, 3, 4, 5
"""
_SUMMARY = "claim.claim_id, claim.person_id, claim.number, claim.hospital_id, claim.hospital_region, claim.date"
_PREPAID = f"""
SELECT {_SUMMARY}, entry.layer, entry.paid
{FIRST_PAYOUTS} AND claim.prepaid AND claim.person_id = ANY(:persons)
"""
_GRANTS = f"""
SELECT entry.person_id, entry.type, entry.paid, {FUND} AS fund, {INSURER} AS insurer, {GRANT_KIND} AS kind
{GRANTS_IN_RANGES}
"""
_CLAIMS_WITH_LATER_RUNS = f"""
SELECT {_SUMMARY}, claim.prepaid, claim.opened,
       array_agg(entry.journal) AS journals, array_agg(entry.number) AS numbers
{IN_RANGES} AND ({LATER_PAYOUT} OR {MOVES_BETWEEN_PARTIES})
GROUP BY claim.claim_id ORDER BY claim.person_id, claim.number
"""
_SOME_WITH_LATER_RUNS = _CLAIMS_WITH_LATER_RUNS.replace("GROUP BY", "AND claim.claim_id = ANY(:claims)\nGROUP BY")
_LATER_AMOUNTS = f"""
SELECT claim.claim_id, entry.stage, entry.layer, array_agg(entry.paid) AS amounts
{IN_RANGES} AND {LATER_PAYOUT}
GROUP BY 1, 2, 3
"""


class ClaimSummary(NamedTuple):
    """A claim: whose it is, where and when the person was treated.

    ``number`` is its place in the person's ledger order. ``outside`` says that the hospital lies outside the person's
    region (县域外就诊).
    """

    claim_id: str
    person_id: str
    number: int
    hospital_id: str
    day: date
    outside: bool


@dataclass(frozen=True, slots=True)
class PayeeAmount:
    """What one fund owes one payee, in fen; under 0 the payee owes it.

    ``claim`` is None where the amount sums many claims, and for grants and refunds. ``stage`` is the stage of the
    claim's path whose net the amount changes, for what a run after the claim's first has booked; else None. ``payer``
    is known of what ``load_fixed_payee_amounts`` gives.
    """

    party: Party
    payee: str
    fund: str
    kind: PartKind
    amount: int
    claim: ClaimSummary | None = None
    stage: int | None = None
    payer: BookedFund | None = None


async def load_amounts(connection: AsyncConnection, region: str, ranges: Ranges) -> list[PayeeAmount]:
    """Everything that the ranges book for the region.

    First settlements are sums, refunds of premiums are given one by one, and later runs claim by claim.
    """
    later = [each async for each in _later_amounts(connection, region, ranges)]
    return [*await load_fixed_payee_amounts(connection, region, ranges), *later]


async def load_fixed_payee_amounts(connection: AsyncConnection, region: str, ranges: Ranges) -> list[PayeeAmount]:
    """What the ranges book for the region whose payee does not depend on other runs of a claim.

    These are what claims' first runs have booked, grants, and refunds of premiums.
    """
    within = range_parameters(region, ranges)
    found = [
        PayeeAmount(
            *("person" if row.prepaid else "hospital", row.payee, row.layer, "settled", row.amount),
            payer=booked_fund(row.fund, row.insurer, row.layer),
        )
        for row in await connection.execute(text(_FIRST), within)
    ]
    for row in await connection.execute(text(_GRANTS), within):
        kind: PartKind = "settled" if row.type == GRANT_AWARDED else "adjusted"
        payer = booked_fund(row.fund, row.insurer, row.kind)
        found.append(PayeeAmount("person", row.person_id, GRANT, kind, row.paid, payer=payer))
    for refund in await _refunds(connection, region, ranges):
        kind = "settled" if refund.first else "adjusted"
        payer = BookedFund(refund.payer)
        found.append(
            PayeeAmount("person", refund.person_id, refund_fund(refund.payer), kind, refund.amount, payer=payer)
        )
    return found


async def load_prepaid_amounts(
    connection: AsyncConnection, region: str, ranges: Ranges, persons: Iterable[str]
) -> list[PayeeAmount]:
    """First settlements of claims that some persons had prepaid, claim by claim."""
    within = range_parameters(region, ranges) | {"persons": sorted(persons)}
    return [
        PayeeAmount("person", row.person_id, row.layer, "settled", row.paid, _summary(region, row))
        for row in await connection.execute(text(_PREPAID), within)
    ]


async def load_later_bookings(
    connection: AsyncConnection, region: str, ranges: Ranges
) -> dict[tuple[str, int, str], list[int]]:
    """What runs after claims' first ones have booked in the ranges: fen by claim, stage and layer of the stage."""
    rows = await connection.execute(text(_LATER_AMOUNTS), range_parameters(region, ranges))
    return {(row.claim_id, row.stage, row.layer): row.amounts for row in rows}


async def load_derived_parts(
    connection: AsyncConnection, region: str, ranges: Ranges, claims: Iterable[str]
) -> dict[tuple[str, int, str], dict[tuple[Party, PartKind], int]]:
    """Who gets and gives what for later bookings of some claims that stand, told by their facts anew.

    Fen by party and kind, by claim, stage and layer of the stage. Parts that clearings have recorded are not read.
    """
    within = range_parameters(region, ranges) | {"claims": sorted(claims)}
    found: dict[tuple[str, int, str], dict[tuple[Party, PartKind], int]] = {}
    async for several in by_persons(connection, text(_SOME_WITH_LATER_RUNS), within):
        parts = await load_parts(connection, several, ranges)
        for claim in several:
            for part in parts[claim.claim_id]:
                if claim.has_entry(part.entry):
                    sums = found.setdefault((claim.claim_id, part.stage, part.layer), {})
                    sums[part.party, part.kind] = sums.get((part.party, part.kind), 0) + part.amount
    return found


async def _refunds(connection: AsyncConnection, region: str, ranges: Ranges) -> list[PremiumRefund]:
    # Clearings from before refunds were cleared have no range of their journal.
    begun, ended = ranges.get(INTAKE_JOURNAL, (0, 0))
    return [refund async for refund in load_refunds(connection, begun, ended) if refund.region == region]


def range_parameters(region: str, ranges: Ranges) -> dict[str, Any]:
    payouts = {journal: taken for journal, taken in ranges.items() if journal != INTAKE_JOURNAL}
    return {
        "region": region,
        "journals": list(payouts),
        "begun": [begun for begun, _ in payouts.values()],
        "ended": [ended for _, ended in payouts.values()],
    }


async def _later_amounts(connection: AsyncConnection, region: str, ranges: Ranges) -> AsyncIterator[PayeeAmount]:
    """What runs after the claims' first ones have booked, claim by claim."""
    async for claims in by_persons(connection, text(_CLAIMS_WITH_LATER_RUNS), range_parameters(region, ranges)):
        parts = await load_parts(connection, claims, ranges)
        for claim in claims:
            summary = _summary(region, claim)
            for part in parts[claim.claim_id]:
                if claim.has_entry(part.entry):
                    payee = claim.person_id if part.party == "person" else claim.hospital_id
                    yield PayeeAmount(part.party, payee, part.layer, part.kind, part.amount, summary, part.stage)


def _summary(region: str, row: Row[Any] | UnclearedClaim) -> ClaimSummary:
    outside = not covers(region, row.hospital_region)
    return ClaimSummary(row.claim_id, row.person_id, row.number, row.hospital_id, row.date, outside)
