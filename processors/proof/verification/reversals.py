"""A reversed claim leaves nothing: what clearings ever paid and charged for it comes to 0 for either side."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from events.store.journal import SETTLEMENT_STAGE
from processors.proof.verification.report import VerifyReport
from projections.bookings import CAUSE_NUMBER, OF_FIRST_RUN, PAYEE_KIND

# First settlements are cleared as sums, and are the payee's; the rest is what clearings have recorded as its parts. A
# claim is at its end once its reversal's settlement is cleared, and all that layers have booked before it.
_LEFT = text(f"""
WITH ended AS (
    SELECT last.region, taken.journal, (taken.range ->> 1)::bigint AS upto
    FROM (SELECT DISTINCT ON (region) region, ranges FROM projections.clearings
          WHERE status <> 'withdrawn' ORDER BY region, number DESC) AS last,
         LATERAL jsonb_each(last.ranges) AS taken (journal, range)
), over AS (
    SELECT claim.*
    FROM projections.claims AS claim
    JOIN ledger.entries AS reversal
      ON reversal.person_id = claim.person_id AND reversal.claim_id = claim.claim_id
         AND reversal.type = 'claim.reversed.v1'
    WHERE NOT claim.standing AND EXISTS (
        SELECT FROM ledger.entries AS entry
        JOIN ended ON ended.region = claim.region AND ended.journal = entry.journal AND entry.number <= ended.upto
        WHERE entry.person_id = claim.person_id AND entry.claim_number = claim.number
          AND entry.stage = {SETTLEMENT_STAGE} AND {CAUSE_NUMBER} >= reversal.number
      ) AND NOT EXISTS (
        SELECT FROM ledger.entries AS later
        LEFT JOIN ended ON ended.region = claim.region AND ended.journal = later.journal
        WHERE later.person_id = claim.person_id AND later.claim_number = claim.number
          AND later.stage BETWEEN 0 AND {SETTLEMENT_STAGE - 1} AND later.paid <> 0
          AND later.number > coalesce(ended.upto, 0)
      )
), brought AS (
    SELECT claim.claim_id, {PAYEE_KIND} AS payee_kind, entry.layer AS fund, entry.paid AS amount
    FROM over AS claim JOIN ledger.entries AS entry
      ON entry.person_id = claim.person_id AND entry.claim_id = claim.claim_id AND {OF_FIRST_RUN}
         AND entry.stage BETWEEN 0 AND {SETTLEMENT_STAGE - 1}
    UNION ALL
    SELECT claim_id, payee_kind, fund, amount FROM projections.clearing_parts JOIN over USING (claim_id)
)
SELECT claim_id, payee_kind, CASE payee_kind WHEN 'person' THEN person_id ELSE hospital_id END AS payee, fund,
       sum(brought.amount)::bigint AS amount
FROM brought JOIN over USING (claim_id)
GROUP BY 1, 2, 3, 4 HAVING sum(brought.amount) <> 0 ORDER BY 1, 2, 4
""")  # noqa: S608 - our own numbers


async def check_reversals(connection: AsyncConnection, report: VerifyReport) -> None:
    """Sum what was cleared of every reversed claim by payee and fund, once nothing of it is left to clear."""
    for row in await connection.execute(_LEFT):
        where = f"claim {row.claim_id}, {row.payee_kind} {row.payee}, fund {row.fund}"
        report.problem("reversal", where, yuan(0), yuan(row.amount))
