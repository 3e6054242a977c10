-- Which clearing has taken the first statement of a claim, and with it what its own first run had booked.
CREATE VIEW projections.first_clearings AS
WITH taken AS MATERIALIZED (
    SELECT clearing.region, clearing.clearing_id, clearing.month, clearing.drafted_at, clearing.approved_at,
           taken.key AS journal, (taken.value ->> 0)::bigint AS begun, (taken.value ->> 1)::bigint AS ended
    FROM projections.clearings AS clearing, jsonb_each(clearing.ranges) AS taken
    WHERE clearing.status <> 'withdrawn' AND taken.key LIKE 'settlement.%'
)
SELECT claim.claim_id, first.recorded_at AS settled_at, taken.clearing_id, taken.month, taken.drafted_at,
       taken.approved_at
FROM projections.statements AS claim
JOIN ledger.entries AS first
  ON first.person_id = claim.person_id AND first.claim_number = claim.number AND first.type = 'claim.settled.v1'
LEFT JOIN taken ON taken.region = claim.region AND taken.journal = first.journal
  AND first.number > taken.begun AND first.number <= taken.ended;

COMMENT ON VIEW projections.first_clearings IS '结算单首次结算由哪张清算单清算。Which clearing has taken a claim''s first settlement';
COMMENT ON COLUMN projections.first_clearings.claim_id IS '结算单号。Claim';
COMMENT ON COLUMN projections.first_clearings.settled_at IS '首次结算入账时间。When the claim was settled';
COMMENT ON COLUMN projections.first_clearings.clearing_id IS '清算单号，未清算的为空。The clearing; null where none has taken it';
COMMENT ON COLUMN projections.first_clearings.month IS '清算月份首日。First day of the clearing''s month';
COMMENT ON COLUMN projections.first_clearings.drafted_at IS '起草时间。When it was drafted';
COMMENT ON COLUMN projections.first_clearings.approved_at IS '复核时间，草稿为空。When it was approved; null of a draft';
