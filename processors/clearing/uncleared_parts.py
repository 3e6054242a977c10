"""What was booked for some claims and no clearing has taken yet, with whom each booking is settled."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLAIM_SETTLED
from events.store.journal import SETTLEMENT_STAGE
from events.store.rows import among
from processors.clearing.counterparties import (
    NO_RUN,
    ClaimEntry,
    ClaimFacts,
    EntryPart,
    Net,
    belongs_to_several,
    split_by_party,
)
from processors.clearing.later_facts import UnclearedClaim, load_paid_after, load_told
from processors.pipeline.claim_history import CORRECTED
from projections.bookings import CAUSE_NUMBER, CAUSE_TYPE, COUNTERPARTY
from projections.clearing_rows import Ranges
from projections.clearings import clearing_parts

PERSONS_AT_ONCE = 500

_ENTRIES = f"""
SELECT entry.claim_id, entry.journal, entry.number, entry.type, entry.run, entry.stage, entry.layer, entry.paid,
       {CAUSE_NUMBER} AS known, {CAUSE_TYPE} AS cause, {COUNTERPARTY} AS counterparty
FROM ledger.entries AS entry
WHERE entry.person_id = ANY(:persons) AND entry.claim_id = ANY(:claims)
  AND entry.stage BETWEEN 0 AND {SETTLEMENT_STAGE}
"""  # noqa: S608 - our own number
_COMING = """
SELECT claim.claim_id
FROM projections.claims AS claim
JOIN processors.runs AS run ON run.person_id = claim.person_id AND run.run = claim.opened
WHERE claim.claim_id = ANY(:claims) AND NOT EXISTS (
    SELECT FROM processors.parked WHERE parked.person_id = run.person_id AND parked.run = run.run
  )
"""


async def by_persons(
    connection: AsyncConnection, claims: TextClause, parameters: Mapping[str, Any]
) -> AsyncIterator[Sequence[UnclearedClaim]]:
    """The claims that a query gives in the order of their persons, in chunks that part no person's claims."""
    chunk: list[UnclearedClaim] = []
    persons = 0
    for found in await connection.execute(claims, parameters):
        row = UnclearedClaim(**found._mapping)
        if not chunk or row.person_id != chunk[-1].person_id:
            persons += 1
            if persons > PERSONS_AT_ONCE:
                yield chunk
                chunk, persons = [], 1
        chunk.append(row)
    if chunk:
        yield chunk


async def load_parts(
    connection: AsyncConnection, claims: Sequence[UnclearedClaim], ranges: Ranges
) -> dict[str, list[EntryPart]]:
    """By claim, its bookings by party.

    Bookings before the ranges, by runs after the claim's first, are cleared. Their parts are those that clearings have
    recorded, and are not returned.
    """
    about = {
        "persons": sorted({claim.person_id for claim in claims}),
        "claims": sorted({claim.claim_id for claim in claims}),
    }
    # The claim's first run will write its first statement, unless it is parked or another has taken its place. Read
    # before the entries: a run that ends in between has its entries then, and to have it in both does no harm.
    coming = set((await connection.execute(text(_COMING), about)).scalars())
    recorded_as_person_s: dict[str, set[int]] = defaultdict(set)
    entries: dict[str, list[ClaimEntry]] = defaultdict(list)
    first_run: dict[str, int] = {}
    opened = {claim.claim_id: claim.opened for claim in claims}
    for row in await connection.execute(text(_ENTRIES), about):
        if row.type == CLAIM_SETTLED:
            first_run[row.claim_id] = row.run
        if row.cause == CORRECTED and row.counterparty == "person":
            recorded_as_person_s[row.claim_id].add(row.known)
        begun, _ = ranges.get(row.journal, (0, 0))
        cleared = row.number <= begun and row.run != opened[row.claim_id]
        entries[row.claim_id].append(
            ClaimEntry(row.journal, row.number, row.run, row.stage, row.paid or 0, row.known or 0, row.layer, cleared)
        )
    told = await load_told(connection, about["persons"])
    with_cleared = [claim_id for claim_id, own in entries.items() if any(entry.cleared for entry in own)]
    nets = await _cleared_nets(connection, with_cleared)
    facts = {}
    for claim in claims:
        first = claim.opened if claim.claim_id in coming else NO_RUN
        own = told.of(claim, recorded_as_person_s.get(claim.claim_id, ()))
        facts[claim.claim_id] = ClaimFacts(
            payee="person" if claim.prepaid else "hospital",
            first_run=first_run.get(claim.claim_id, first),
            later=own,
            reversed_by=told.reversed_by.get(claim.claim_id),
        )
    several = [claim for claim in claims if belongs_to_several(facts[claim.claim_id], entries[claim.claim_id])]
    for claim_id, paid in (await load_paid_after(connection, several, told)).items():
        facts[claim_id] = replace(facts[claim_id], paid=paid)
    return {
        claim_id: split_by_party(each, entries[claim_id], nets.get(claim_id, {})) for claim_id, each in facts.items()
    }


async def _cleared_nets(connection: AsyncConnection, claims: Iterable[str]) -> dict[str, Net]:
    """The sums of the parts that clearings have recorded of some claims, by claim."""
    found: dict[str, Net] = defaultdict(dict)
    for row in await connection.execute(select(clearing_parts).where(among(clearing_parts.c.claim_id, claims))):
        key = row.stage, row.fund, row.payee_kind
        found[row.claim_id][key] = found[row.claim_id].get(key, 0) + row.amount
    return found
