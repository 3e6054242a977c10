-- What sources said and intake took, and what intake fixed with it. As json: jsonb would refuse numbers that a fact may
-- hold, such as 0e999999.
SELECT number, type, source, person_id, claim_id, convert_from(raw, 'UTF8')::json -> 'data' AS said, data AS fixed
FROM ledger.entries
WHERE journal = 'intake' AND source IS NOT NULL AND type NOT IN ('event.rejected.v1', 'event.waiting.v1')
