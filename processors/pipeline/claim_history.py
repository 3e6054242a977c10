"""A person's claims from the ledger alone, without any projection: as accepted, then changed by later facts."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, structs
from msgspec.structs import replace

from events.decisions import CLAIM_ACCEPTED
from events.refusals import Refusal
from policies.claim import Aid, Audit, BillParts, Claim, ClaimRecord, claim_from_record, with_less_found
from processors.pipeline.fact_decoders import (
    AidData,
    AidWithdrawalData,
    AuditData,
    AuditWithdrawalData,
    BillData,
    CorrectionData,
    EntryRow,
    ReversalData,
    RosterData,
    fact_data,
    fen,
)
from projections.rosters import RosterChange, categories_on

CORRECTED, REVERSED, AUDITED, AUDIT_WITHDRAWN, ROSTER_CHANGED, AIDED, AID_WITHDRAWN = (
    "claim.corrected.v1",
    "claim.reversed.v1",
    "audit.found.v1",
    "audit.withdrawn.v1",
    "roster.changed.v1",
    "aid.decided.v1",
    "aid.withdrawn.v1",
)
CLAIM_HISTORY_TYPES = (
    *(CLAIM_ACCEPTED, CORRECTED, REVERSED, AUDITED, AUDIT_WITHDRAWN, ROSTER_CHANGED),
    *(AIDED, AID_WITHDRAWN),
)
"""The types of entry that say what a person's claims are."""


class HistoryError(Exception):
    """A person's entries give no history: one is about a claim that none accepted, or is no longer readable."""


class Acceptance(Struct, frozen=True, gc=False):
    """The data of claim.accepted.v1.

    ``fact`` is the number of the discharge or visit in journal ``intake``. A claim that moved to another text of its
    scheme is accepted anew: then ``instead_of`` is the hash of the text it leaves, ``actor`` ordered it, and there is
    no fact.
    """

    claim: Claim
    fact: int | None
    instead_of: str | None
    actor: str | None


def read_claims(entries: Iterable[EntryRow]) -> tuple[list[Claim], list[RosterChange]]:
    """The claims of one person, in ledger order, with the live facts of the entries given, and the roster changes.

    ``entries`` are rows of journal ``intake`` about the person, in journal order; types beyond
    ``CLAIM_HISTORY_TYPES`` are passed over. Raises ``HistoryError``.
    """
    claims: dict[str, Claim] = {}
    roster: list[RosterChange] = []
    decisions: dict[tuple[str, str], int] = {}
    places: dict[str, int] = {}
    for entry in entries:
        if entry["type"] not in CLAIM_HISTORY_TYPES:
            continue
        try:
            if entry["type"] in (AIDED, AID_WITHDRAWN):
                _apply_aid(claims, decisions, entry)
            elif entry["type"] in (AUDITED, AUDIT_WITHDRAWN):
                _apply_audit(claims, places, entry)
            else:
                _apply(claims, roster, entry)
        except (KeyError, ValueError, TypeError, Refusal) as error:
            raise HistoryError(f"entry {entry['number']} of journal intake: {error!r}") from error
    held = [
        replace(claim, categories=categories_on(roster, claim.date))
        for claim in sorted(claims.values(), key=lambda claim: claim.number)
    ]
    return held, roster


def pinned_texts(entries: Iterable[EntryRow]) -> set[str]:
    """The content hashes of every text of a scheme that some claims are, or were, pinned to.

    Raises ``HistoryError`` for an acceptance that is no longer readable.
    """
    found = set()
    for entry in entries:
        if entry["type"] == CLAIM_ACCEPTED:
            try:
                found.add(_ACCEPTED_CLAIMS.decode(entry["data"]).claim.scheme)
            except (ValueError, TypeError) as error:
                raise HistoryError(f"entry {entry['number']} of journal intake: {error!r}") from error
    return found


def _apply(claims: dict[str, Claim], roster: list[RosterChange], entry: EntryRow) -> None:
    type_ = entry["type"]
    if type_ == CLAIM_ACCEPTED:
        claim = claim_from_record(_ACCEPTED_CLAIMS.decode(entry["data"]).claim)
        claims[claim.claim_id] = claim
    elif type_ == ROSTER_CHANGED:
        change = fact_data(entry, RosterData)
        added = change.change == "added"
        roster.append(RosterChange(entry["number"], change.person_id, change.category, added, change.effective_on))
    elif type_ == CORRECTED:
        correction = fact_data(entry, CorrectionData)
        claims[correction.claim_id] = replace(claims[correction.claim_id], bill=_bill(correction.bill))
    else:
        claim_id = fact_data(entry, ReversalData).claim_id
        claims[claim_id] = replace(claims[claim_id], standing=False)


def _apply_audit(claims: dict[str, Claim], places: dict[str, int], entry: EntryRow) -> None:
    """``places`` gives by finding its place among those of its claim."""
    if entry["type"] == AUDITED:
        found = fact_data(entry, AuditData)
        claim = claims[found.claim_id]
        places[found.finding_id] = len(claim.audits)
        audit = Audit(fen(found.amount), found.borne_by, found.part)
        claims[claim.claim_id] = replace(claim, audits=(*claim.audits, audit))
    else:
        back = fact_data(entry, AuditWithdrawalData)
        claim = claims[back.claim_id]
        claims[claim.claim_id] = with_less_found(claim, places[back.finding_id], fen(back.amount))


def _apply_aid(claims: dict[str, Claim], decisions: dict[tuple[str, str], int], entry: EntryRow) -> None:
    """``decisions`` gives by region and number the number of the fact that decided."""
    region = str(entry["source"]).partition("/")[2]
    if entry["type"] == AIDED:
        said = fact_data(entry, AidData)
        claim = claims[said.claim_id]
        decisions[region, said.decision_id] = entry["number"]
        aids = (*claim.aids, Aid(entry["number"], said.layer, fen(said.amount)))
    else:
        back = fact_data(entry, AidWithdrawalData)
        claim = claims[back.claim_id]
        number = decisions[region, back.decision_id]
        aids = tuple(aid for aid in claim.aids if aid.number != number)
    claims[claim.claim_id] = replace(claim, aids=aids)


def _bill(data: BillData) -> BillParts:
    return BillParts(*map(fen, structs.astuple(data)))


_AcceptedClaim = msgspec.defstruct("_AcceptedClaim", [("claim", ClaimRecord)])
_AcceptanceRecord = msgspec.defstruct(
    "_AcceptanceRecord",
    [("fact", int | None, None), ("instead_of", str | None, None), ("actor", str | None, None)],
    bases=(_AcceptedClaim,),
)
_ACCEPTED_CLAIMS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_AcceptedClaim)
_ACCEPTANCES: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_AcceptanceRecord)


def read_acceptance(data: bytes) -> Acceptance:
    """The data of an entry of type claim.accepted.v1; raises msgspec's ``DecodeError`` for anything else."""
    record = _ACCEPTANCES.decode(data)
    return Acceptance(claim_from_record(record.claim), record.fact, record.instead_of, record.actor)
