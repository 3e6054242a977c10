"""A person's claims as the ledger tells them, without any projection: accepted, then changed by what came after."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs
from msgspec.structs import replace

from events.decisions import CLAIM_ACCEPTED
from events.refusals import Refusal
from policies.claim import Audit, Bill, Claim
from processors.person.fact_decoders import Audited, Corrected, Listed, Reversed, ToldBill, fen, told
from projections.rosters import RosterChange, categories_on

CORRECTED, REVERSED, AUDITED, LISTED = (
    "claim.corrected.v1",
    "claim.reversed.v1",
    "audit.found.v1",
    "roster.changed.v1",
)
HISTORY_TYPES = (CLAIM_ACCEPTED, CORRECTED, REVERSED, AUDITED, LISTED)
"""The types of entry that say what a person's claims are."""


class HistoryError(Exception):
    """A person's entries do not tell a history: one is about a claim that none accepted, or is no longer readable."""


def rebuild(entries: Iterable[Mapping[str, Any]]) -> tuple[list[Claim], list[RosterChange]]:
    """The claims of one person, in ledger order, with the live facts of the entries given, and his roster changes.

    ``entries`` are rows of journal ``intake`` about the person, in journal order; types beyond ``HISTORY_TYPES`` are
    passed over. Raises ``HistoryError``.
    """
    claims: dict[str, Claim] = {}
    roster: list[RosterChange] = []
    for entry in entries:
        if entry["type"] not in HISTORY_TYPES:
            continue
        try:
            _tell(claims, roster, entry)
        except (KeyError, ValueError, TypeError, Refusal) as error:
            raise HistoryError(f"entry {entry['number']} of journal intake: {error!r}") from error
    rebuilt = [
        replace(claim, categories=categories_on(roster, claim.date))
        for claim in sorted(claims.values(), key=lambda claim: claim.number)
    ]
    return rebuilt, roster


def _tell(claims: dict[str, Claim], roster: list[RosterChange], entry: Mapping[str, Any]) -> None:
    type_ = entry["type"]
    if type_ == CLAIM_ACCEPTED:
        accepted = _accepted(entry["data"])
        claims[accepted.claim_id] = accepted
    elif type_ == LISTED:
        change = told(entry, Listed)
        added = change.change == "added"
        roster.append(RosterChange(entry["number"], change.person_id, change.category, added, change.effective_on))
    elif type_ == CORRECTED:
        correction = told(entry, Corrected)
        claims[correction.claim_id] = replace(claims[correction.claim_id], bill=_bill(correction.bill))
    elif type_ == REVERSED:
        claim_id = told(entry, Reversed).claim_id
        claims[claim_id] = replace(claims[claim_id], standing=False)
    else:
        finding = told(entry, Audited)
        claim = claims[finding.claim_id]
        audits = (*claim.audits, Audit(fen(finding.amount), finding.borne_by))
        claims[finding.claim_id] = replace(claim, audits=audits)


def _bill(said: ToldBill) -> Bill:
    return Bill(*map(fen, structs.astuple(said)))


def _by_name(struct: type[Struct], **nested: Any) -> type[Struct]:
    """A struct with another's fields that is read from a JSON object, as the ledger keeps it, and not from a list."""
    fields = [(field.name, nested.get(field.name, field.type)) for field in structs.fields(struct)]
    return msgspec.defstruct(f"Named{struct.__name__}", fields, forbid_unknown_fields=True, gc=False)


_NamedClaim = _by_name(Claim, bill=_by_name(Bill), audits=tuple[_by_name(Audit), ...])  # type: ignore[misc]
_Acceptance = msgspec.defstruct("_Acceptance", [("claim", _NamedClaim)])
_ACCEPTANCES: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Acceptance)


def _accepted(data: bytes) -> Claim:
    """The claim that ``claim_json`` wrote into the data of an acceptance."""
    named = _ACCEPTANCES.decode(data).claim
    audits = tuple(Audit(*structs.astuple(audit)) for audit in named.audits)
    claim = Claim(*structs.astuple(named))
    return replace(claim, bill=Bill(*structs.astuple(named.bill)), audits=audits)
