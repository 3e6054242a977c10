"""Which fund has paid or got what, held against the texts that lay it on them: for the simulator."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from policies.engine import Schemes, settle
from policies.funds import BookedFund, booked_fund
from policies.grants import grants_due
from processors.pipeline.premiums import due_on, insurance_of
from processors.pipeline.settlement import grant_claims, statement_row
from processors.pipeline.state import LedgerState

Sums = dict[tuple[object, ...], int]
"""What is paid for, then the fund with its insurer: fen"""


def payer_differences(rows: Iterable[Mapping[str, Any]], state: LedgerState, schemes: Schemes) -> list[str]:
    """Where the entries' sums by claim and stage, grant or premium and fund are not what the texts say.

    ``rows`` are the entries of all journals.
    """
    booked, due = _booked(rows), _due(state, schemes)
    return [
        f"{' '.join(map(str, key))}: booked {booked.get(key, 0)}, by the texts {due.get(key, 0)}"
        for key in sorted(booked.keys() | due.keys(), key=str)
        if booked.get(key, 0) != due.get(key, 0)
    ]


def _booked(rows: Iterable[Mapping[str, Any]]) -> Sums:
    sums: Sums = defaultdict(int)
    for row in rows:
        kind, said = row["type"].split(".")[0], orjson.loads(row["data"])
        fund = booked_fund(said.get("fund"), said.get("insurer"), said.get("grant") or row["layer"])
        person = row["person_id"]
        if kind == "payout":
            sums["payout", person, row["claim_number"], row["stage"], *fund] += row["paid"]
        elif kind == "grant":
            sums["grant", person, said["scheme"], said["grant"], said["year"], *fund] += row["paid"]
        elif kind == "premium" and "to" in said:
            to = BookedFund(said["to"]["fund"], said["to"].get("insurer"))
            sums["premium", person, row["year"], said["region"], row["layer"], said["payer"], *to] += row["paid"]
    return sums


def _due(state: LedgerState, schemes: Schemes) -> Sums:
    sums: Sums = defaultdict(int)
    for person, own in state.by_person.items():
        claims = list(own.values())
        bills, _ = settle(schemes, claims)
        for claim in claims:
            for payout in bills[claim.number].payouts if claim.standing else ():
                fund = schemes[claim.scheme].fund_of(payout.layer)
                sums["payout", person, claim.number, payout.stage, *fund] += payout.paid
        history = [
            statement_row(claim, bills[claim.number].payouts if claim.standing else (), schemes[claim.scheme])
            for claim in claims
        ]
        for name in {row["scheme"] for row in history}:
            told = grant_claims([row for row in history if row["scheme"] == name])
            for grant in grants_due(told, {key: scheme.grants for key, scheme in schemes.items()}):
                fund = schemes[grant.scheme].fund_of(grant.kind)
                sums["grant", person, name, grant.kind, grant.year or 0, *fund] += grant.amount
    for (person, _), enrolment in state.enrolments.items():
        roster = state.rosters.get(person, ())
        for premium in due_on(enrolment, roster, schemes).values() if roster else ():
            if premium.kind != "refunded":
                key = ("premium", person, premium.year, premium.region, premium.layer, premium.payer)
                sums[*key, *insurance_of(premium, enrolment, schemes)] += premium.amount
    return sums
