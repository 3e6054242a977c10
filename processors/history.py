"""A person's claims as the ledger tells them, without any projection: accepted, then changed by what came after."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from msgspec.structs import replace

from events import facts
from events.catalog import read
from events.decisions import CLAIM_ACCEPTED
from events.refusals import Refusal
from policies.claim import Audit, Claim, claim_from_json
from processors.world import with_bill
from projections.rosters import RosterChange, categories_on

HISTORY_TYPES = (
    CLAIM_ACCEPTED,
    "claim.corrected.v1",
    "claim.reversed.v1",
    "audit.found.v1",
    "roster.changed.v1",
)
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
    if entry["type"] == CLAIM_ACCEPTED:
        accepted = claim_from_json(orjson.loads(entry["data"])["claim"])
        claims[accepted.claim_id] = accepted
        return
    match read(entry["raw"], entry["source"]).data:
        case facts.ClaimCorrected() as data:
            claims[data.claim_id] = with_bill(claims[data.claim_id], data.bill)
        case facts.ClaimReversed() as data:
            claims[data.claim_id] = replace(claims[data.claim_id], standing=False)
        case facts.AuditFound() as data:
            claim = claims[data.claim_id]
            claims[data.claim_id] = replace(claim, audits=(*claim.audits, Audit(data.amount, data.borne_by)))
        case facts.RosterChanged() as data:
            roster.append(
                RosterChange(entry["number"], data.person_id, data.category, data.change == "added", data.effective_on)
            )
        case other:
            raise TypeError(f"{type(other).__name__} under type {entry['type']}")
