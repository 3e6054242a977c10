"""With whom bookings are settled, held against the facts alone (docs/domain.md#3.8): for the simulator."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from events.decisions import CLAIM_SETTLED
from events.store.journal import SETTLEMENT_STAGE
from policies.buckets import OpenBill
from policies.claim import Claim
from policies.engine import Schemes, settle
from processors.clearing.counterparties import (
    ClaimEntry,
    ClaimFacts,
    LaterFact,
    PartKind,
    Party,
    belongs_to_several,
    split_by_party,
)
from processors.person.statement import signed_fen
from processors.pipeline.claim_history import AUDIT_WITHDRAWN, AUDITED, CORRECTED, REVERSED

Place = tuple[int, str]
"""stage and layer"""
Shares = dict[tuple[Place, Party], int]


class ToldFact(NamedTuple):
    """A fact that may change claims: its number, type, claim and party that an audit names, or the one withdrawn; the
    person's claims before and after it."""

    number: int
    type: str
    claim_id: str | None
    borne_by: str | None
    claims_before: tuple[Claim, ...]
    claims: tuple[Claim, ...]


class Settled:
    """Persons' claims as they stood, settled from scratch: once, however many claims are looked up in them."""

    def __init__(self, schemes: Schemes) -> None:
        self._schemes = schemes
        self._bills: dict[int, tuple[tuple[Claim, ...], dict[int, OpenBill]]] = {}

    def shares(self, claims: tuple[Claim, ...], claim: Claim) -> tuple[int, int, int]:
        """Patient share, hospital share, and what the layers pay of one of the claims."""
        bill = self._of(claims).get(claim.number)
        return (*bill.shares(), bill.paid) if bill is not None else (0, 0, 0)

    def paid(self, claims: tuple[Claim, ...], claim: Claim) -> dict[Place, int]:
        """What each layer pays of one of the claims."""
        bill = self._of(claims).get(claim.number)
        found: dict[Place, int] = {}
        for payout in bill.payouts if bill is not None else ():
            found[payout.stage, payout.layer] = found.get((payout.stage, payout.layer), 0) + payout.paid
        return found

    def _of(self, claims: tuple[Claim, ...]) -> dict[int, OpenBill]:
        if id(claims) not in self._bills:  # the tuple is kept with its bills: no other takes its id
            self._bills[id(claims)] = claims, settle(self._schemes, claims)[0]
        return self._bills[id(claims)][1]


def party_differences(
    accepted: Mapping[str, tuple[int, tuple[Claim, ...]]],
    told: Mapping[str, list[ToldFact]],
    rows: Iterable[Mapping[str, Any]],
    claims: Iterable[Claim],
    schemes: Schemes,
) -> list[str]:
    """Where the parts that clearing would give a claim's entries are not what each fact has changed.

    ``accepted`` gives by claim the number of its acceptance and the person's claims then, ``told`` by person the facts
    in their order, and ``rows`` the entries of all journals but intake.
    """
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["claim_id"] is not None and 0 <= row["stage"] <= SETTLEMENT_STAGE:
            entries.setdefault(row["claim_id"], []).append(row)
    found, settled = [], Settled(schemes)
    for claim in claims:
        number, at_first = accepted[claim.claim_id]
        facts = [fact for fact in told.get(claim.person_id, ()) if fact.number > number]
        paid = {0: settled.paid(at_first, claim)} | {fact.number: settled.paid(fact.claims, claim) for fact in facts}
        own = entries.get(claim.claim_id, [])
        later = [LaterFact(fact.number, *_side(fact, claim)) for fact in facts]
        first = next(row for row in own if row["type"] == CLAIM_SETTLED)
        wanted = _by_facts(claim, later, paid, known_of_first=_known(first))
        reversed_by = [fact.number for fact in facts if fact.type == REVERSED and fact.claim_id == claim.claim_id]
        told_of = ClaimFacts(
            payee=_payee(claim),
            first_run=first["run"],
            later=later,
            reversed_by=reversed_by[0] if reversed_by else None,
        )
        listed = [_entry(row) for row in own]
        # As the program does it: what settling from scratch gives is asked only where it is needed.
        if belongs_to_several(told_of, listed):
            told_of = ClaimFacts(told_of.payee, told_of.first_run, later, told_of.reversed_by, paid)
        given: Shares = {}
        for part in split_by_party(told_of, listed):
            key = (part.stage, part.layer), part.party
            given[key] = given.get(key, 0) + part.amount
        given = {key: amount for key, amount in given.items() if amount}
        if given != wanted:
            found.append(f"{claim.claim_id}: settled with {given}, by its facts {wanted}")
        due = _due_at_window(claim, [fact for fact in facts if fact.number > _known(first)], settled)
        told_due = sum(signed_fen(orjson.loads(row["data"]).get("due_at_window", "0.00")) for row in own)
        if claim.standing and due != told_due:
            found.append(f"{claim.claim_id}: {told_due} told as due at the window, by its facts {due}")
    return found


def _due_at_window(claim: Claim, facts: Iterable[ToldFact], settled: Settled) -> int:
    """What the claim's own facts behind the first statement leave the person to pay at the hospital's window.

    A bureau's correction of a bill on paper changes nothing there.
    """
    due = 0
    for fact in facts:
        own = fact.claim_id == claim.claim_id and fact.type in (CORRECTED, AUDITED, AUDIT_WITHDRAWN)
        if not own or fact.borne_by == "person":
            continue
        if fact.type == CORRECTED and claim.submitted_by == "bureau":
            continue
        before, after = (settled.shares(claims, claim) for claims in (fact.claims_before, fact.claims))
        due += sum(after) - sum(before) if fact.type == CORRECTED and claim.prepaid else after[0] - before[0]
    return due


def _by_facts(
    claim: Claim, later: Iterable[LaterFact], paid: Mapping[int, Mapping[Place, int]], known_of_first: int
) -> Shares:
    """What each party has got in all: the payee the first settlement, and each fact's party what it has changed."""
    if not claim.standing:
        return {}
    shares: Shares = {}
    before = paid[0]
    for fact in (LaterFact(0, _payee(claim), "settled"), *later):
        now = paid[fact.number]
        party = _payee(claim) if fact.number <= known_of_first else fact.party
        for place in now.keys() | before.keys():
            change = now.get(place, 0) - (before.get(place, 0) if fact.number else 0)
            shares[place, party] = shares.get((place, party), 0) + change
        before = now
    return {key: amount for key, amount in shares.items() if amount}


def _side(fact: ToldFact, claim: Claim) -> tuple[Party, PartKind]:
    if fact.claim_id != claim.claim_id:
        return "person", "adjusted"
    if fact.type in (AUDITED, AUDIT_WITHDRAWN) and fact.borne_by == "hospital":
        return "hospital", "audit"
    return (_payee(claim), "adjusted") if fact.type == CORRECTED else ("person", "adjusted")


def _payee(claim: Claim) -> Party:
    return "person" if claim.prepaid else "hospital"


def _known(row: Mapping[str, Any]) -> int:
    cause = orjson.loads(row["data"]).get("cause")
    return int(cause["number"]) if cause else 0


def _entry(row: Mapping[str, Any]) -> ClaimEntry:
    paid = row["paid"] or 0
    return ClaimEntry(row["journal"], row["number"], row["run"], row["stage"], paid, _known(row), row["layer"])
