"""What came after claims were accepted that may change them, and what settling from scratch pays after each of it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, cast

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLAIM_ACCEPTED
from events.store.journal import entries
from events.store.rows import among
from policies.claim import Claim
from policies.engine import Schemes, settle
from processors.clearing.counterparties import PERSON_ADJUSTED, ClaimEntry, LaterFact, Party
from processors.delivery.names import INTAKE_JOURNAL
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.claim_history import CLAIM_HISTORY_TYPES, CORRECTED, REVERSED, pinned_texts, read_claims
from processors.pipeline.fact_decoders import EntryRow
from projections.audits import facts_on_hospitals

Paid = dict[tuple[int, str], int]
"""What a claim is paid, in fen, by stage and layer."""

# A claim that an order moves to another text is accepted anew right behind the order: its run knows the order's number.
_TOLD = text("""
SELECT told.person_id, told.claim_id, told.type, told.number, told.moves, CASE WHEN told.moves THEN (
    SELECT ordered.number FROM ledger.entries AS ordered
    WHERE ordered.journal = 'intake' AND ordered.type = 'resettlement.ordered.v1' AND ordered.number < told.number
    ORDER BY ordered.number DESC LIMIT 1
  ) ELSE told.number END AS known_from
FROM (
    SELECT person_id, claim_id, type, number,
           type = 'claim.accepted.v1' AND number > min(number) OVER (PARTITION BY claim_id, type) AS moves
    FROM ledger.entries
    WHERE person_id = ANY(:persons) AND journal = 'intake' AND type = ANY(:types)
) AS told
ORDER BY told.number
""")


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


@dataclass(slots=True)
class ToldOfPersons:
    """The facts about some persons' claims, by the number up to which a run knows them.

    ``facts`` are by person: number, type and the claim that the fact is about. ``accepted`` and ``reversed_by`` are
    numbers by claim. ``on_hospital`` are the numbers of findings that are laid on the hospital, and of what was
    withdrawn of them. ``known_from`` gives by the number of a claim's acceptance under another text the number of
    the order that moved it.
    """

    facts: defaultdict[str, list[tuple[int, str, str | None]]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[str, int] = field(default_factory=dict)
    reversed_by: dict[str, int] = field(default_factory=dict)
    on_hospital: set[int] = field(default_factory=set)
    known_from: dict[int, int] = field(default_factory=dict)

    def of(self, claim: UnclearedClaim, recorded_as_person_s: Collection[int]) -> list[LaterFact]:
        """The facts behind a claim's acceptance, each with its party (docs/domain.md#3.8).

        ``recorded_as_person_s`` are corrections of the claim that the ledger has booked as the person's, as it did
        before they became the payee's: they stay so.
        """
        accepted = self.accepted.get(claim.claim_id, 0)
        payee: Party = "person" if claim.prepaid else "hospital"
        found: dict[int, LaterFact] = {}  # one order moves several claims
        for number, type_, about in self.facts[claim.person_id]:
            if number <= accepted:
                continue
            found[number] = LaterFact(number, *PERSON_ADJUSTED)
            if about == claim.claim_id and number in self.on_hospital:
                found[number] = LaterFact(number, "hospital", "audit")
            elif about == claim.claim_id and type_ == CORRECTED and number not in recorded_as_person_s:
                found[number] = LaterFact(number, payee, "adjusted")
        return list(found.values())


async def load_told(connection: AsyncConnection, persons: Sequence[str]) -> ToldOfPersons:
    """The facts about some persons' claims."""
    told = ToldOfPersons()
    within = {"persons": list(persons), "types": list(CLAIM_HISTORY_TYPES)}
    for row in await connection.execute(_TOLD, within):
        if row.type == CLAIM_ACCEPTED and not row.moves:
            told.accepted[row.claim_id] = row.number
            continue
        if row.moves:
            told.known_from[row.number] = row.known_from
        told.facts[row.person_id].append((row.known_from, row.type, row.claim_id))
        if row.type == REVERSED:
            told.reversed_by[row.claim_id] = row.number
    told.on_hospital = {row.number for row in await facts_on_hospitals(connection, persons)}
    return told


async def load_paid_after(
    connection: AsyncConnection, claims: Sequence[UnclearedClaim], told: ToldOfPersons
) -> dict[str, dict[int, Paid]]:
    """By claim, what settling from scratch pays of it after each fact behind its acceptance; 0 stands for none.

    Raises ``HistoryError`` where a person's entries are no longer readable.
    """
    if not claims:
        return {}
    rows = await _history_rows(connection, {claim.person_id for claim in claims}, told)
    hashes = pinned_texts(row for history in rows.values() for _, row in history)
    schemes = await PinnedSchemes().require(connection, hashes)
    found: dict[str, dict[int, Paid]] = {}
    settled: dict[tuple[str, int], dict[int, Paid]] = {}
    for claim in claims:
        after: dict[int, Paid] = {}
        accepted = told.accepted.get(claim.claim_id, 0)
        for number in (0, *(number for number, _, _ in told.facts[claim.person_id] if number > accepted)):
            key = claim.person_id, number or accepted
            if key not in settled:
                settled[key] = _paid_at(rows[claim.person_id], key[1], schemes)
            after[number] = settled[key].get(claim.number, {})
        found[claim.claim_id] = after
    return found


async def _history_rows(
    connection: AsyncConnection, persons: Iterable[str], told: ToldOfPersons
) -> dict[str, list[tuple[int, EntryRow]]]:
    """By person the entries that say what the claims are, each with the number up to which a run knows it."""
    rows = await connection.execute(
        select(entries)
        .where(
            among(entries.c.person_id, persons),
            entries.c.journal == INTAKE_JOURNAL,
            entries.c.type.in_(CLAIM_HISTORY_TYPES),
        )
        .order_by(entries.c.number)
    )
    found: defaultdict[str, list[tuple[int, EntryRow]]] = defaultdict(list)
    for row in rows.mappings():
        found[row["person_id"]].append((told.known_from.get(row["number"], row["number"]), cast("EntryRow", row)))
    return found


def _paid_at(history: Sequence[tuple[int, EntryRow]], number: int, schemes: Schemes) -> dict[int, Paid]:
    """What each claim of a person is paid, by its number, under the facts known up to a number in journal intake."""
    known = history[: bisect_right(history, number, key=lambda told: told[0])]
    claims: list[Claim] = read_claims(row for _, row in known)[0]
    bills, _ = settle(schemes, claims)
    found: dict[int, Paid] = {}
    for claim_number, bill in bills.items():
        paid = found.setdefault(claim_number, {})
        for payout in bill.payouts:
            place = payout.stage, payout.layer
            paid[place] = paid.get(place, 0) + payout.paid
    return found
