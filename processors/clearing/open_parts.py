"""What was booked for some claims and no clearing has taken yet, parted by with whom it is settled."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLAIM_SETTLED
from events.store.journal import SETTLEMENT_STAGE
from events.store.rows import among
from processors.clearing.parties import OPEN, Booking, ClaimFacts, Net, Part, Passing, settle_with
from processors.clearing.ranges import Ranges
from projections.audits import audits
from projections.clearings import clearing_parts

PERSONS_AT_ONCE = 500

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
_UNDER_WAY = f"""
SELECT claim.claim_id, run.run, run.cause, EXISTS (
    SELECT FROM processors.parked WHERE parked.person_id = run.person_id AND parked.run = run.run
  ) AS parked, run.replaced_by, run.stage
FROM projections.claims AS claim
JOIN ledger.schemes AS scheme ON scheme.hash = claim.scheme
JOIN (SELECT person_id, run, scheme, year, first_number, cause, {OPEN} AS replaced_by, 0 AS stage FROM processors.runs
      UNION ALL
      SELECT person_id, run, scheme, year, first_number, cause, replaced_by, stage FROM processors.replaced_runs) AS run
  ON run.person_id = claim.person_id AND run.scheme = scheme.name AND run.year = date_part('year', claim.date)
  AND run.first_number <= claim.number
WHERE claim.claim_id = ANY(:claims)
"""  # noqa: S608 - our own number


async def by_persons(
    connection: AsyncConnection, claims: TextClause, parameters: Mapping[str, Any]
) -> AsyncIterator[Sequence[Row[Any]]]:
    """The claims that a query gives in the order of their persons, by some whole persons at a time."""
    chunk: list[Row[Any]] = []
    persons = 0
    for row in await connection.execute(claims, parameters):
        if not chunk or row.person_id != chunk[-1].person_id:
            persons += 1
            if persons > PERSONS_AT_ONCE:
                yield chunk
                chunk, persons = [], 1
        chunk.append(row)
    if chunk:
        yield chunk


async def load_parts(connection: AsyncConnection, claims: Sequence[Row[Any]], ranges: Ranges) -> dict[str, list[Part]]:
    """By claim, each booking with whom it is settled; rows need claim_id, person_id, prepaid and opened.

    What runs after a claim's own first one have booked before the ranges begin is cleared: its parts are those that
    the clearings have recorded, and are not given.
    """
    about = {
        "persons": sorted({claim.person_id for claim in claims}),
        "claims": sorted({claim.claim_id for claim in claims}),
    }
    # read before the bookings: what ends in between is among them then, and may stand in both
    under_way: dict[str, list[Passing]] = defaultdict(list)
    for row in await connection.execute(text(_UNDER_WAY), about):
        under_way[row.claim_id].append(Passing(row.run, row.cause or 0, row.parked, row.replaced_by, row.stage))
    history: dict[str, list[Booking]] = defaultdict(list)
    first_run: dict[str, int] = {}
    opened = {claim.claim_id: claim.opened for claim in claims}
    for row in await connection.execute(text(_HISTORY), about):
        if row.type == CLAIM_SETTLED:
            first_run[row.claim_id] = row.run
        begun, _ = ranges.get(row.journal, (0, 0))
        cleared = row.number <= begun and row.run != opened[row.claim_id]
        booking = Booking(
            row.journal, row.number, row.run, row.stage, row.paid or 0, row.known or 0, row.layer, cleared
        )
        history[row.claim_id].append(booking)
    reversals = {row.claim_id: row.number for row in await connection.execute(text(_REVERSALS), about)}
    laid = await _laid_on_hospital(connection, about["claims"])
    brought = await _brought(
        connection, [claim_id for claim_id, booked in history.items() if any(each.cleared for each in booked)]
    )
    found = {}
    for claim in claims:
        passing = under_way.get(claim.claim_id, ())
        # its own first run will write the claim's first statement, unless it stands still and another takes its place
        comes = any(each.run == claim.opened and not each.parked and each.replaced_by == OPEN for each in passing)
        facts = ClaimFacts(
            payee="person" if claim.prepaid else "hospital",
            first_run=first_run.get(claim.claim_id, claim.opened if comes else OPEN),
            under_way=passing,
            audits=laid.get(claim.claim_id, ()),
            reversed_by=reversals.get(claim.claim_id),
        )
        found[claim.claim_id] = settle_with(facts, history[claim.claim_id], brought.get(claim.claim_id, {}))
    return found


async def _brought(connection: AsyncConnection, claims: Iterable[str]) -> dict[str, Net]:
    """What clearings have recorded as the parts of some claims, by claim."""
    found: dict[str, Net] = defaultdict(dict)
    for row in await connection.execute(select(clearing_parts).where(among(clearing_parts.c.claim_id, claims))):
        key = row.stage, row.fund, row.payee_kind
        found[row.claim_id][key] = found[row.claim_id].get(key, 0) + row.amount
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
