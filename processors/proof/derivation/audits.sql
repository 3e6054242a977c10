WITH withdrawn AS (
    SELECT said ->> 'finding_id' AS finding_id, sum(pg_temp.fen(said ->> 'amount'))::bigint AS amount
    FROM pg_temp.facts WHERE type = 'audit.withdrawn.v1' GROUP BY 1
)
SELECT said.finding_id, number, said.claim_id, pg_temp.fen(said.amount) - coalesce(withdrawn.amount, 0) AS amount,
       said.borne_by, said.part
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(finding_id text, claim_id text, amount text, borne_by text, part text)
LEFT JOIN withdrawn USING (finding_id)
WHERE type = 'audit.found.v1'
