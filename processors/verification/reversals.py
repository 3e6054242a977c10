"""A reversed claim leaves nothing: what each layer ever paid and charged for it comes to 0 for either side."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from processors.clearing.history import by_persons, load_parts
from processors.verification.report import VerifyReport

# Once the reversal's settlement is there, every layer has been through it.
_SETTLED_REVERSALS = text("""
SELECT claim.claim_id, claim.person_id, claim.hospital_id, claim.prepaid, claim.opened
FROM projections.claims AS claim
JOIN ledger.entries AS reversal
  ON reversal.person_id = claim.person_id AND reversal.claim_id = claim.claim_id AND reversal.type = 'claim.reversed.v1'
WHERE NOT claim.standing AND EXISTS (
    SELECT FROM ledger.entries AS settled
    WHERE settled.person_id = claim.person_id AND settled.claim_number = claim.number AND settled.stage = 100
      AND (convert_from(settled.data, 'UTF8')::jsonb #>> '{cause,number}')::bigint >= reversal.number
)
ORDER BY claim.person_id, claim.number
""")


async def check_reversals(connection: AsyncConnection, report: VerifyReport) -> None:
    """Part every reversed claim's bookings, as clearings do, and sum them by payee and fund."""
    async for claims in by_persons(connection, _SETTLED_REVERSALS, {}):
        parts = await load_parts(connection, claims)
        for claim in claims:
            left: dict[tuple[str, str], int] = {}
            for part in parts[claim.claim_id]:
                left[part.layer, part.party] = left.get((part.layer, part.party), 0) + part.amount
            for (layer, party), amount in sorted(left.items()):
                if amount:
                    payee = claim.person_id if party == "person" else claim.hospital_id
                    where = f"claim {claim.claim_id}, {party} {payee}, fund {layer}"
                    report.problem("reversal", where, yuan(0), yuan(amount))
