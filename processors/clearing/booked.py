"""What a range of the journals books for one region, parted by who is paid."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLAIM_SETTLED, GRANT_AWARDED
from events.ledger import SETTLEMENT_STAGE
from processors.clearing.parties import OPEN, Booking, ClaimFacts, Kind, Party, settle_with
from processors.clearing.ranges import Ranges
from processors.clearing.refunds import JOURNAL as REFUNDS
from processors.clearing.refunds import Refunded, load_refunds
from projections.audits import audits
from projections.rows import among

GRANT = "grant"
"""The fund of grants, which are paid to the person and not by a layer."""
PREMIUM_REFUND = "premium_refund"
"""The fund of refunded premiums, which who paid the premium pays to the person, beside all layers."""
PERSONS_AT_ONCE = 500

# Grants carry the claim that brought them about, so one join gives the region of every booking.
_IN_RANGES = """
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS taken (journal, begun, ended)
JOIN ledger.entries AS entry
  ON entry.journal = taken.journal AND entry.number > taken.begun AND entry.number <= taken.ended
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE claim.region = :region
  AND entry.type IN ('payout.decided.v1', 'payout.adjusted.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
  AND entry.paid <> 0
"""
_OF_FIRST_RUN = "AND entry.stage < 100 AND entry.run = claim.opened"

_FIRST = f"""
SELECT claim.prepaid, CASE WHEN claim.prepaid THEN claim.person_id ELSE claim.hospital_id END AS payee, entry.layer,
       sum(entry.paid)::bigint AS amount
{_IN_RANGES} {_OF_FIRST_RUN}
GROUP BY 1, 2, 3
"""
_FIRST_OF_PERSONS = f"""
SELECT claim.claim_id, claim.person_id, claim.hospital_id, claim.date, claim.prepaid, entry.layer, entry.paid
{_IN_RANGES} {_OF_FIRST_RUN} AND claim.person_id = ANY(:persons)
"""
_GRANTS = f"""
SELECT entry.person_id, entry.claim_id, claim.hospital_id, claim.date, entry.type, entry.paid
{_IN_RANGES} AND entry.stage > {SETTLEMENT_STAGE}
"""
_LATER = f"""
SELECT claim.claim_id, claim.person_id, claim.hospital_id, claim.date, claim.prepaid, claim.opened,
       array_agg(entry.journal) AS journals, array_agg(entry.number) AS numbers
{_IN_RANGES} AND entry.stage < {SETTLEMENT_STAGE} AND entry.run <> claim.opened
GROUP BY claim.claim_id ORDER BY claim.person_id, claim.number
"""
_HISTORY = f"""
SELECT entry.claim_id, entry.journal, entry.number, entry.type, entry.run, entry.stage, entry.layer, entry.paid,
       (convert_from(entry.data, 'UTF8')::jsonb #>> '{{cause,number}}')::bigint AS known
FROM ledger.entries AS entry
WHERE entry.person_id = ANY(:persons) AND entry.claim_id = ANY(:claims)
  AND entry.stage BETWEEN 0 AND {SETTLEMENT_STAGE}
"""  # noqa: S608 - our own number
_REVERSALS = """
SELECT entry.claim_id, entry.number
FROM ledger.entries AS entry
WHERE entry.person_id = ANY(:persons) AND entry.claim_id = ANY(:claims) AND entry.type = 'claim.reversed.v1'
"""
# Its own first run will write the claim's first statement, unless it stands still and another takes its place.
_ON_THE_WAY = """
SELECT claim.claim_id
FROM projections.claims AS claim
JOIN processors.runs AS run ON run.person_id = claim.person_id AND run.run = claim.opened
WHERE claim.claim_id = ANY(:claims)
  AND NOT EXISTS (SELECT FROM processors.parked WHERE parked.person_id = run.person_id AND parked.run = run.run)
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """An amount in fen of one fund, to or from one payee; ``claim_id`` None where many claims are summed."""

    party: Party
    payee: str
    fund: str
    kind: Kind
    amount: int
    claim_id: str | None = None
    person_id: str | None = None
    hospital_id: str | None = None
    day: date | None = None


async def load_booked(connection: AsyncConnection, region: str, ranges: Ranges) -> list[Booked]:
    """Everything that the ranges book for the region: first settlements as sums, refunds of premiums one by one, the
    rest claim by claim."""
    within = _parameters(region, ranges)
    found = [
        Booked("person" if row.prepaid else "hospital", row.payee, row.layer, "settled", row.amount)
        for row in await connection.execute(text(_FIRST), within)
    ]
    for row in await connection.execute(text(_GRANTS), within):
        kind: Kind = "settled" if row.type == GRANT_AWARDED else "adjusted"
        about = (row.claim_id, row.person_id, row.hospital_id, row.date)
        found.append(Booked("person", row.person_id, GRANT, kind, row.paid, *about))
    async for chunk in _chunks(connection, within):
        found += await _parted(connection, chunk)
    for refund in await _refunds(connection, region, ranges):
        kind = "settled" if refund.first else "adjusted"
        found.append(Booked("person", refund.person_id, PREMIUM_REFUND, kind, refund.amount))
    return found


async def load_first_of(
    connection: AsyncConnection, region: str, ranges: Ranges, persons: Iterable[str]
) -> list[Booked]:
    """First settlements of some persons in the ranges, claim by claim."""
    within = _parameters(region, ranges) | {"persons": sorted(persons)}
    return [
        Booked(
            "person" if row.prepaid else "hospital",
            row.person_id if row.prepaid else row.hospital_id,
            row.layer,
            "settled",
            row.paid,
            *(row.claim_id, row.person_id, row.hospital_id, row.date),
        )
        for row in await connection.execute(text(_FIRST_OF_PERSONS), within)
    ]


async def sums_by_fund(connection: AsyncConnection, region: str, ranges: Ranges) -> dict[str, int]:
    """What the ranges book for the region, by fund, in fen: straight from the entries."""
    rows = await connection.execute(
        text(f"SELECT coalesce(entry.layer, '{GRANT}'), sum(entry.paid)::bigint {_IN_RANGES} GROUP BY 1"),
        _parameters(region, ranges),
    )
    sums = {row[0]: row[1] for row in rows}
    if refunds := await _refunds(connection, region, ranges):
        sums[PREMIUM_REFUND] = sum(refund.amount for refund in refunds)
    return sums


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


async def _chunks(connection: AsyncConnection, within: dict[str, Any]) -> AsyncIterator[Sequence[Row[Any]]]:
    """The claims that runs after their own first one have booked something for, by whole persons."""
    chunk: list[Row[Any]] = []
    persons = 0
    for row in await connection.execute(text(_LATER), within):
        if not chunk or row.person_id != chunk[-1].person_id:
            persons += 1
            if persons > PERSONS_AT_ONCE:
                yield chunk
                chunk, persons = [], 1
        chunk.append(row)
    if chunk:
        yield chunk


async def _parted(connection: AsyncConnection, claims: Sequence[Row[Any]]) -> list[Booked]:
    about = {
        "persons": sorted({claim.person_id for claim in claims}),
        "claims": sorted({claim.claim_id for claim in claims}),
    }
    history: dict[str, list[Booking]] = defaultdict(list)
    first_run: dict[str, int] = {}
    for row in await connection.execute(text(_HISTORY), about):
        settled = row.stage == SETTLEMENT_STAGE
        if row.type == CLAIM_SETTLED:
            first_run[row.claim_id] = row.run
        amount = 0 if settled else row.paid
        booking = Booking(row.journal, row.number, row.run, row.stage, amount, row.known or 0, row.layer)
        history[row.claim_id].append(booking)
    reversals = {row.claim_id: row.number for row in await connection.execute(text(_REVERSALS), about)}
    on_the_way = set((await connection.execute(text(_ON_THE_WAY), about)).scalars())
    laid = await _laid_on_hospital(connection, about["claims"])
    found = []
    for claim in claims:
        first = first_run.get(claim.claim_id, claim.opened if claim.claim_id in on_the_way else OPEN)
        facts = ClaimFacts(
            payee="person" if claim.prepaid else "hospital",
            first_run=first,
            audits=laid.get(claim.claim_id, ()),
            reversed_by=reversals.get(claim.claim_id),
        )
        taken = set(zip(claim.journals, claim.numbers, strict=True))
        for part in settle_with(facts, history[claim.claim_id]):
            if (part.booking.journal, part.booking.number) in taken:
                payee = claim.person_id if part.party == "person" else claim.hospital_id
                key = (claim.claim_id, claim.person_id, claim.hospital_id, claim.date)
                found.append(Booked(part.party, payee, part.booking.layer or "", part.kind, part.amount, *key))
    return found


async def _laid_on_hospital(connection: AsyncConnection, claims: Iterable[str]) -> dict[str, list[int]]:
    rows = await connection.execute(
        select(audits.c.claim_id, audits.c.number)
        .where(among(audits.c.claim_id, claims), audits.c.borne_by == "hospital", audits.c.amount > 0)
        .order_by(audits.c.number)
    )
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row.claim_id].append(row.number)
    return found
