"""A hospital's day held against the ledger's (claims.reconcile): count and sums, and the claims that differ.

A day is that on which claims were settled, settled again or taken back, in the county's time, as 3201 has it: a claim
brings to it what its last statement of the day says less what its last statement before said. One that brings nothing
does not count.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import day_end, day_start
from events.enquiries import EnquiredDay, EnquiredId, EnquiryAmount, hospital_asking, read_enquiry
from events.money import yuan
from events.refusals import Refusal
from processors.reconciliation.settlement_days import Row, settled_between

MOST_CLAIMS = 1_000
"""How many claims one reply lists: a message has its bounds."""
_AMOUNTS = ("total", "funds", "patient_share")


class StatedClaim(Struct, forbid_unknown_fields=True):
    """What a hospital has of a claim of the day, in yuan; below 0 where it was taken back."""

    claim_id: EnquiredId
    total: EnquiryAmount
    funds: EnquiryAmount
    patient_share: EnquiryAmount


class ReconcileRequest(Struct, forbid_unknown_fields=True):
    """A hospital's own sums of a day: how many claims, and yuan; with ``claims`` each of them."""

    day: EnquiredDay
    count: int
    total: EnquiryAmount
    funds: EnquiryAmount
    patient_share: EnquiryAmount
    claims: list[StatedClaim] | None = None


async def tell_reconciliation(engine: AsyncEngine, asker: str | None, body: bytes) -> dict[str, Any]:
    """``{"reconciliation": {…}}``: see docs/enquiries.md. Raises ``Refusal``: a hospital alone asks, of its own."""
    hospital_id = hospital_asking(asker)
    if hospital_id is None:
        raise Refusal("source_not_allowed", "a hospital asks this of its own claims", "只有医疗机构可以核对本院的结算")
    asked = read_enquiry(body, ReconcileRequest)
    async with engine.connect() as connection:
        found = await settled_between(connection, hospital_id, day_start(asked.day), day_end(asked.day))
    brought = {claim_id: _brought(before, now) for claim_id, (before, now) in found.items()}
    ledger = {claim_id: amounts for claim_id, amounts in brought.items() if any(amounts.values())}
    stated = {"count": asked.count, **{name: _fen(getattr(asked, name)) for name in _AMOUNTS}}
    sums = {"count": len(ledger), **{name: sum(each[name] for each in ledger.values()) for name in _AMOUNTS}}
    differing = _differing(asked.claims, ledger) if asked.claims is not None or stated != sums else []
    return {
        "reconciliation": {
            "day": asked.day.isoformat(),
            "agrees": stated == sums and not differing,
            "stated": _told(stated),
            "ledger": _told(sums),
            "claims": differing[:MOST_CLAIMS],
            "left_off": max(0, len(differing) - MOST_CLAIMS),
        }
    }


def _differing(stated: Iterable[StatedClaim] | None, ledger: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The claims on which both sides differ; where the hospital names none, all that the ledger has."""
    own = {each.claim_id: {name: _fen(getattr(each, name)) for name in _AMOUNTS} for each in stated or ()}
    return [
        {
            "claim_id": claim_id,
            "stated": None if claim_id not in own else _told(own[claim_id]),
            "ledger": None if claim_id not in ledger else _told(ledger[claim_id]),
        }
        for claim_id in sorted(own.keys() | ledger.keys())
        if own.get(claim_id) != ledger.get(claim_id)
    ]


def _brought(before: Row | None, now: Row) -> dict[str, int]:
    after, earlier = _amounts(now), _amounts(before)
    return {name: after[name] - earlier[name] for name in _AMOUNTS}


def _amounts(row: Row | None) -> dict[str, int]:
    if row is None or row["status"] == "reversed":
        return dict.fromkeys(_AMOUNTS, 0)
    if row["payee"] == "person":  # a prepaid claim: the hospital had all of the person
        return {"total": row["total"], "funds": 0, "patient_share": row["total"] - row["hospital_share"]}
    funds = sum(paid for _, paid in row["layers"])
    return {"total": row["total"], "funds": funds, "patient_share": row["patient_share"]}


def _told(amounts: Mapping[str, int]) -> dict[str, Any]:
    return {name: value if name == "count" else yuan(value) for name, value in amounts.items()}


def _fen(amount: str) -> int:
    whole, _, cents = amount.removeprefix("-").partition(".")
    fen = int(whole) * 100 + int(cents.ljust(2, "0"))
    return -fen if amount.startswith("-") else fen
