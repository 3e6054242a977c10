"""JSON Schema of what payers are told: one CloudEvent a booking, on PAYOUTS."""

from collections.abc import Mapping
from typing import Any

from events.catalog import ITSELF
from events.codes import CODE_PATTERN, ID_PATTERN, REGION_PATTERN
from events.decisions import (
    GRANT_AWARDED,
    GRANT_WITHDRAWN,
    PAYOUT_ADJUSTED,
    PAYOUT_DECIDED,
    PAYOUT_WITHDRAWN,
    PREMIUM_PURCHASED,
    PREMIUM_REFUNDED,
    PREMIUM_SUBSIDISED,
)
from events.store.journal import GRANT_STAGES
from processors.pipeline.premiums import PREMIUM_TYPES

Schema = Mapping[str, Any]

BOOKED: Mapping[str, str] = {
    PAYOUT_DECIDED: "what a layer pays of a claim, also where that is nothing",
    PAYOUT_ADJUSTED: "what a layer pays more or, under 0, less of a claim since a later fact",
    PAYOUT_WITHDRAWN: "what a fund had paid of a claim, given back to it: another fund or insurer, or a rule with "
    "another limit, pays by now",
    GRANT_AWARDED: "a grant to a person",
    GRANT_WITHDRAWN: "a grant that is due no more: its amount is under 0",
    PREMIUM_SUBSIDISED: "a person's own contribution to basic insurance, paid by the fund",
    PREMIUM_PURCHASED: "another layer's insurance, bought for a person",
    PREMIUM_REFUNDED: "the part of a subsidised premium that goes to the person: no further expense of the fund",
}
"""The bookings of PAYOUTS, and what each says."""
PAYOUT = "Payout"


def payout_schemas(prefix: str) -> dict[str, Schema]:
    """Schemas by name: one for each booking's event, and the data they share; references begin with ``prefix``.

    Objects are open: a booking may get fields that no reader knows yet.
    """
    return {PAYOUT: _payout()} | {type_: _envelope(type_, said, f"{prefix}{PAYOUT}") for type_, said in BOOKED.items()}


def _envelope(type_: str, said: str, data: str) -> Schema:
    properties = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "description": "journal and number: drop what has been seen"},
        "source": {"const": ITSELF},
        "type": {"const": type_},
        "subject": {"type": "string", "pattern": ID_PATTERN, "description": "the claim, else the person"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": data},
    }
    return {"description": said, "type": "object", "properties": properties, "required": list(properties)}


def _payout() -> Schema:
    text: Schema = {"type": "string", "minLength": 1}
    code: Schema = {"type": "string", "pattern": CODE_PATTERN}
    always = {
        "person_id": {"type": "string", "pattern": ID_PATTERN},
        "region": {"type": "string", "pattern": REGION_PATTERN, "description": "whose clearings carry it, GB/T 2260"},
        "scheme": text,
        "fund": {**code, "description": "who pays: a code of policies/vocabulary/funds.yaml, or of the scheme"},
        "amount": {
            "type": "string",
            "pattern": r"^-?[0-9]+\.[0-9]{2}$",
            "description": "yuan, the difference booked: the sum of a claim's bookings in a layer is its net",
        },
        "payee": {
            "type": "string",
            "pattern": "^(hospital|person|fund)/",
            "description": "with whom it is settled: hospital/…, person/…, of a premium fund/…; a clearing may part "
            "what several facts have changed between both",
        },
        "booked_at": {"type": "string", "format": "date-time"},
    }
    sometimes = {
        "claim_id": {"type": "string", "pattern": ID_PATTERN, "description": "but for premiums"},
        "insurer": {**text, "description": "who keeps the fund, where the scheme says so: a code of its vocabulary"},
        "layer": {**code, "description": "of a payout"},
        "grant": {"enum": sorted(GRANT_STAGES), "description": "of a grant"},
        "premium": {"enum": list(PREMIUM_TYPES), "description": "of a premium"},
        "insurance": {**code, "description": "of a premium: the layer that it insures"},
        "cause": {"type": "object", "description": "the fact that brought it about, where it is not the claim itself"},
    }
    return {
        "description": "who pays how much to whom. Exactly one of layer, grant and premium is there",
        "type": "object",
        "properties": always | sometimes,
        "required": list(always),
        "oneOf": [{"required": [name]} for name in ("layer", "grant", "premium")],
    }
