"""The clearings that one claim is in: that of its first settlement, and those of what was booked later."""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TAKEN = text("""
WITH claim AS (
    SELECT claim_id, person_id, hospital_id, payee FROM projections.statements WHERE claim_id = :claim_id
), taken AS (
    SELECT first.clearing_id, 'settled' AS kind, claim.payee AS payee_kind, NULL::bigint AS amount
    FROM claim CROSS JOIN LATERAL (
        -- OFFSET: begun with this claim, not with all that clearings have taken
        SELECT clearing_id FROM projections.first_clearings WHERE first_clearings.claim_id = claim.claim_id OFFSET 0
    ) AS first WHERE first.clearing_id IS NOT NULL
    UNION ALL
    SELECT part.clearing_id, part.kind, part.payee_kind, sum(part.amount)::bigint
    FROM claim JOIN projections.clearing_parts AS part USING (claim_id) GROUP BY 1, 2, 3
)
SELECT taken.clearing_id, clearing.month, clearing.status, taken.kind, taken.payee_kind, taken.amount,
       payment.status AS payment, payment.paid_at, payment.reference
FROM claim, taken
JOIN projections.clearings AS clearing USING (clearing_id)
LEFT JOIN projections.clearing_payments AS payment
  ON payment.clearing_id = taken.clearing_id AND payment.payee_kind = taken.payee_kind
 AND payment.payee = (SELECT CASE taken.payee_kind WHEN 'person' THEN person_id ELSE hospital_id END FROM claim)
ORDER BY clearing.number, taken.kind, taken.payee_kind
""")


class ClaimClearing(Struct, frozen=True):
    """A claim in a clearing: ``kind`` is settled, adjusted or audit; ``amount`` in fen, None of the first settlement.

    ``payment`` is none, due, paid or returned, and None where the clearing has no payment to the payee.
    """

    clearing_id: str
    month: date
    status: str
    kind: str
    payee_kind: str
    amount: int | None
    payment: str | None
    paid_at: datetime | None
    reference: str | None


async def claim_clearings(connection: AsyncConnection, claim_id: str) -> list[ClaimClearing]:
    """Where a claim was cleared, in the order of the clearings."""
    return [ClaimClearing(*row) for row in await connection.execute(_TAKEN, {"claim_id": claim_id})]
