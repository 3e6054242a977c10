"""A booking as the event that its fund is told: docs/contract.md#payouts."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from events.catalog import ITSELF
from events.decisions import (
    GRANT_AWARDED,
    GRANT_WITHDRAWN,
    PAYOUT_ADJUSTED,
    PAYOUT_DECIDED,
    PAYOUT_WITHDRAWN,
    PREMIUM_REFUNDED,
)
from events.money import yuan
from policies.funds import USUAL
from processors.delivery.names import PAYOUTS
from processors.delivery.transaction import Message
from processors.payouts.bookings import Booking
from processors.payouts.progress import era_of
from processors.pipeline.premiums import PREMIUM_TYPES

_PREMIUM_KINDS = {type_: kind for kind, type_ in PREMIUM_TYPES.items()}


class _Said(Struct):
    """What an entry's data says of the money. Entries from before funds were named say nothing of ``fund``."""

    fund: str | None = None
    insurer: str | None = None
    to: dict[str, str] | None = None
    payer: str | None = None
    region: str | None = None
    clears_in: str | None = None
    grant: str | None = None
    counterparty: str | None = None
    cause: dict[str, Any] | None = None


_said = msgspec.json.Decoder(_Said).decode


def booking_id(booking: Booking, eras: Sequence[str]) -> str:
    """Journal and number; of what was booked since a restore, with the era in which it was: the journals of the ledger
    that was replaced then had these numbers too."""
    return f"{booking.journal}-{booking.number}{era_of(booking.recorded_at, eras)}"


def payout_message(booking: Booking, eras: Sequence[str]) -> Message:
    """What is told of a booking, on the subject of its fund, region and person; ``eras`` are all of the ledger."""
    said = _said(booking.data)
    data = _data(booking, said)
    id_ = booking_id(booking, eras)
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": ITSELF,
        "type": booking.type,
        "subject": booking.claim_id or booking.person_id,
        "time": data["booked_at"],
        "datacontenttype": "application/json",
        "data": data,
    }
    subject = f"claims.payouts.{data['fund']}.{data['region']}.{booking.person_id}"
    return Message(PAYOUTS, subject, id_, orjson.dumps(event))


def _data(booking: Booking, said: _Said) -> dict[str, Any]:
    premium = _PREMIUM_KINDS.get(booking.type)
    usual = said.payer or booking.track if premium else USUAL.get(said.grant or booking.layer or "")
    # a refund belongs to the region whose clearings carry it, whose fund pays it
    region = said.clears_in or said.region if premium else booking.region
    return {
        **({} if booking.claim_id is None else {"claim_id": booking.claim_id}),
        "person_id": booking.person_id,
        "region": region,
        "scheme": booking.scheme,
        "fund": said.fund or usual,
        **({} if said.insurer is None else {"insurer": said.insurer}),
        **_paid_for(booking, said, premium),
        "amount": yuan(booking.paid),
        "payee": _payee(booking, said),
        **({} if said.cause is None else {"cause": said.cause}),
        "booked_at": booking.recorded_at.astimezone(UTC).isoformat(),
    }


def _paid_for(booking: Booking, said: _Said, premium: str | None) -> dict[str, str | None]:
    if premium is not None:
        return {"premium": premium, "insurance": booking.layer}
    if booking.type in (GRANT_AWARDED, GRANT_WITHDRAWN):
        return {"grant": said.grant}
    return {"layer": booking.layer}


def _payee(booking: Booking, said: _Said) -> str:
    """With whom it is settled: a hospital or person, or of a premium the fund that it goes to."""
    if booking.type in (PAYOUT_DECIDED, PAYOUT_ADJUSTED, PAYOUT_WITHDRAWN):
        party = said.counterparty or ("person" if booking.prepaid else "hospital")
        return f"hospital/{booking.hospital_id}" if party == "hospital" else f"person/{booking.person_id}"
    if booking.type in _PREMIUM_KINDS and booking.type != PREMIUM_REFUNDED:
        return f"fund/{said.to['fund'] if said.to else USUAL[booking.layer or '']}"
    return f"person/{booking.person_id}"
