"""What the books said of a person at a moment, summed from the entries recorded by then, and what they should say."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from events.catalog import FACTS
from events.decisions import CLAIM_ACCEPTED, GRANT_AWARDED, GRANT_WITHDRAWN
from events.money import yuan
from events.store.journal import SETTLEMENT_STAGE
from policies.claim import Claim, Payout, Used
from policies.engine import Schemes, settle
from policies.grants import grants_due
from processors.person.entry_view import Accumulated, difference_booked, is_payout
from processors.pipeline.settlement import grant_claims, statement_row
from processors.premiums.history import booked_premiums, premiums_from_scratch
from projections.premiums import premium_json
from projections.rosters import RosterChange
from projections.statements import statement_json

Row = Mapping[str, Any]
GrantKey = tuple[str, str, int]


def statements_shown(known: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """The last statement of each claim, by claim id, in ledger order."""
    shown: dict[int, dict[str, Any]] = {}
    for entry in known:
        if entry["stage"] == SETTLEMENT_STAGE:
            shown[entry["claim_number"]] = orjson.loads(entry["data"])["statement"]
    return {shown[number]["claim_id"]: shown[number] for number in sorted(shown)}


def grants_shown(known: Iterable[Row]) -> dict[GrantKey, dict[str, Any]]:
    """The grants that stand, by scheme, kind and year."""
    shown: dict[GrantKey, dict[str, Any]] = {}
    for entry in known:
        if entry["type"] not in (GRANT_AWARDED, GRANT_WITHDRAWN):
            continue
        data = orjson.loads(entry["data"])
        key = (data["scheme"], data["grant"], data["year"])
        if entry["type"] == GRANT_WITHDRAWN:
            shown.pop(key, None)
        else:
            shown[key] = _grant(key, data["amount"], data["claim_id"])
    return shown


def accumulated_by(known: Iterable[Row], dates: Mapping[str, date], on: date | None) -> Accumulated:
    """The sums of what is booked, for claims dated up to ``on`` where a day is given."""
    sums: Accumulated = {}
    for entry in known:
        if not is_payout(entry) or (on is not None and dates[entry["claim_id"]] > on):
            continue
        used = sums.setdefault((entry["year"], entry["scheme"], entry["layer"]), Used())
        used.merge(difference_booked(entry))
    return sums


def unfinished(known: Sequence[Row], later: Iterable[Row]) -> str | None:
    """Why the books were not quiet at the moment between ``known`` and ``later``, or None where they were.

    A run was in flight when something was decided afterwards because of a fact recorded before.
    """
    last = max((entry["number"] for entry in known if entry["journal"] == "intake"), default=-1)
    accepted = {entry["claim_id"] for entry in known if entry["type"] == CLAIM_ACCEPTED}
    for entry in later:
        if entry["journal"] == "intake":
            continue
        cause = orjson.loads(entry["data"]).get("cause")
        # Recovery sends again what was in flight: which fact it was for can't be told any more.
        told = cause is not None and cause["type"] in FACTS
        if (cause["number"] <= last) if told else (entry["claim_id"] in accepted):
            return f"run {entry['run']} was in flight: {entry['type']} followed at {entry['recorded_at'].isoformat()}"
    return None


def premiums_shown(known: Iterable[Row]) -> list[dict[str, Any]]:
    """The premiums that stand, as ``claims premiums`` shows them."""
    return [premium_json(premium) for _, premium in sorted(booked_premiums(known).items())]


def differences(
    known: Sequence[Row], claims: Sequence[Claim], roster: Sequence[RosterChange], schemes: Schemes
) -> list[dict[str, str]]:
    """Where settling from scratch gives something else than was booked; ``claims`` with the facts known then."""
    bills, _ = settle(schemes, claims)
    payouts = {number: bill.payouts for number, bill in bills.items()}
    found = _payout_differences(known, claims, payouts)
    shown = statements_shown(known)
    rows = [statement_row(claim, payouts.get(claim.number, []), schemes[claim.scheme]) for claim in claims]
    for row in rows:
        there = shown.get(row["claim_id"])
        stated = statement_json(row | {"revision": there["revision"] if there else 1})
        if there != stated:
            found.append(_difference(f"statement {row['claim_id']}", stated, there))
    due = _grants_due(rows, schemes)
    given = grants_shown(known)
    found += [
        _difference(f"grant {' '.join(map(str, key))}", due.get(key), given.get(key))
        for key in sorted(due.keys() | given.keys())
        if due.get(key) != given.get(key)
    ]
    return found + _premium_differences(known, roster, schemes)


def _premium_differences(
    known: Sequence[Row], roster: Sequence[RosterChange], schemes: Schemes
) -> list[dict[str, str]]:
    due, booked = premiums_from_scratch(known, roster, schemes), booked_premiums(known)
    return [
        _difference(f"premium {' '.join(map(str, key))}", due.get(key), booked.get(key))
        for key in sorted(due.keys() | booked.keys())
        if due.get(key) != booked.get(key)
    ]


def _payout_differences(
    known: Iterable[Row], claims: Iterable[Claim], payouts: Mapping[int, Iterable[Payout]]
) -> list[dict[str, str]]:
    names = {claim.number: claim.claim_id for claim in claims}
    expected: dict[tuple[int, int, str], Used] = {}
    for number, decided in payouts.items():
        for payout in decided:
            expected.setdefault((number, payout.stage, payout.layer), Used()).add(payout)
    booked: dict[tuple[int, int, str], Used] = {}
    for entry in known:
        if is_payout(entry):
            used = booked.setdefault((entry["claim_number"], entry["stage"], entry["layer"]), Used())
            used.merge(difference_booked(entry))
    nothing = Used()
    return [
        _difference(
            f"claim {names.get(key[0], key[0])}, {key[2]} (stage {key[1]})",
            expected.get(key, nothing),
            booked.get(key, nothing),
        )
        for key in sorted(expected.keys() | booked.keys())
        if expected.get(key, nothing) != booked.get(key, nothing)
    ]


def _grants_due(rows: Sequence[dict[str, Any]], schemes: Schemes) -> dict[GrantKey, dict[str, Any]]:
    due: dict[GrantKey, dict[str, Any]] = {}
    for name in {row["scheme"] for row in rows}:
        history = [row for row in rows if row["scheme"] == name]
        offered = {row["scheme_hash"]: schemes[row["scheme_hash"]].grants for row in history}
        for grant in grants_due(grant_claims(history), offered):
            key = (name, grant.kind, grant.year or 0)
            due[key] = _grant(key, grant.amount, grant.claim_id)
    return due


def _grant(key: GrantKey, amount: int, claim_id: str) -> dict[str, Any]:
    return {"scheme": key[0], "grant": key[1], "year": key[2] or None, "amount": yuan(amount), "claim_id": claim_id}


def _difference(where: str, expected: object, found: object) -> dict[str, str]:
    return {"where": where, "expected": str(expected), "booked": str(found)}
