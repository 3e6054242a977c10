"""What was booked for some claims and no clearing has taken yet, with whom each booking is settled."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

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
    UnfinishedRun,
    split_by_party,
)
from projections.audits import audits
from projections.bookings import CAUSE_NUMBER
from projections.clearing_rows import Ranges
from projections.clearings import clearing_parts

PERSONS_AT_ONCE = 500

_ENTRIES = f"""
SELECT entry.claim_id, entry.journal, entry.number, entry.type, entry.run, entry.stage, entry.layer, entry.paid,
       {CAUSE_NUMBER} AS known
FROM ledger.entries AS entry
WHERE entry.person_id = ANY(:persons) AND entry.claim_id = ANY(:claims)
  AND entry.stage BETWEEN 0 AND {SETTLEMENT_STAGE}
"""  # noqa: S608 - our own number
_REVERSALS = """
SELECT entry.claim_id, entry.number
FROM ledger.entries AS entry
WHERE entry.person_id = ANY(:persons) AND entry.claim_id = ANY(:claims) AND entry.type = 'claim.reversed.v1'
"""
_UNFINISHED = f"""
SELECT claim.claim_id, run.run, run.cause, EXISTS (
    SELECT FROM processors.parked WHERE parked.person_id = run.person_id AND parked.run = run.run
  ) AS parked, run.replaced_by, run.stage
FROM projections.claims AS claim
JOIN ledger.schemes AS scheme ON scheme.hash = claim.scheme
JOIN (SELECT person_id, run, scheme, year, first_number, cause, {NO_RUN} AS replaced_by, 0 AS stage FROM processors.runs
      UNION ALL
      SELECT person_id, run, scheme, year, first_number, cause, replaced_by, stage FROM processors.replaced_runs) AS run
  ON run.person_id = claim.person_id AND run.scheme = scheme.name AND run.year = date_part('year', claim.date)
  AND run.first_number <= claim.number
WHERE claim.claim_id = ANY(:claims)
"""  # noqa: S608 - our own number


class UnclearedClaim(NamedTuple):
    """A claim for which later runs than its first have entries in the ranges of a clearing.

    ``opened`` is its first run. ``journals`` and ``numbers`` name these entries.
    """

    claim_id: str
    person_id: str
    number: int
    hospital_id: str
    hospital_region: str
    date: date
    prepaid: bool
    opened: int
    journals: list[str]
    numbers: list[int]

    def has_entry(self, entry: ClaimEntry) -> bool:
        """Whether the entry is in the ranges."""
        return (entry.journal, entry.number) in zip(self.journals, self.numbers, strict=True)


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
    # Read before the entries: a run that ends in between has its entries then, and to have it in both does no harm.
    unfinished: dict[str, list[UnfinishedRun]] = defaultdict(list)
    for row in await connection.execute(text(_UNFINISHED), about):
        run = UnfinishedRun(row.run, row.cause or 0, row.parked, row.replaced_by, row.stage)
        unfinished[row.claim_id].append(run)
    entries: dict[str, list[ClaimEntry]] = defaultdict(list)
    first_run: dict[str, int] = {}
    opened = {claim.claim_id: claim.opened for claim in claims}
    for row in await connection.execute(text(_ENTRIES), about):
        if row.type == CLAIM_SETTLED:
            first_run[row.claim_id] = row.run
        begun, _ = ranges.get(row.journal, (0, 0))
        cleared = row.number <= begun and row.run != opened[row.claim_id]
        entries[row.claim_id].append(
            ClaimEntry(row.journal, row.number, row.run, row.stage, row.paid or 0, row.known or 0, row.layer, cleared)
        )
    reversals = {row.claim_id: row.number for row in await connection.execute(text(_REVERSALS), about)}
    audited = await _audits_on_hospital(connection, about["claims"])
    with_cleared = [claim_id for claim_id, own in entries.items() if any(entry.cleared for entry in own)]
    nets = await _cleared_nets(connection, with_cleared)
    found = {}
    for claim in claims:
        runs = unfinished.get(claim.claim_id, ())
        # The claim's first run will write its first statement, unless it is parked or another has taken its place.
        coming = any(run.run == claim.opened and not run.parked and run.replaced_by == NO_RUN for run in runs)
        facts = ClaimFacts(
            payee="person" if claim.prepaid else "hospital",
            first_run=first_run.get(claim.claim_id, claim.opened if coming else NO_RUN),
            unfinished=runs,
            audits=audited.get(claim.claim_id, ()),
            reversed_by=reversals.get(claim.claim_id),
        )
        found[claim.claim_id] = split_by_party(facts, entries[claim.claim_id], nets.get(claim.claim_id, {}))
    return found


async def _cleared_nets(connection: AsyncConnection, claims: Iterable[str]) -> dict[str, Net]:
    """The sums of the parts that clearings have recorded of some claims, by claim."""
    found: dict[str, Net] = defaultdict(dict)
    for row in await connection.execute(select(clearing_parts).where(among(clearing_parts.c.claim_id, claims))):
        key = row.stage, row.fund, row.payee_kind
        found[row.claim_id][key] = found[row.claim_id].get(key, 0) + row.amount
    return found


async def _audits_on_hospital(connection: AsyncConnection, claims: Iterable[str]) -> dict[str, list[int]]:
    """The numbers in journal intake of the findings that are laid on the hospital, by claim."""
    rows = await connection.execute(
        select(audits.c.claim_id, audits.c.number)
        .where(among(audits.c.claim_id, claims), audits.c.borne_by == "hospital", audits.c.amount > 0)
        .order_by(audits.c.number)
    )
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row.claim_id].append(row.number)
    return found
