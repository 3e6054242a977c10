WITH withdrawn AS (
    SELECT DISTINCT split_part(source, '/', 2) AS region, said ->> 'decision_id' AS decision_id
    FROM pg_temp.facts WHERE type = 'aid.withdrawn.v1'
)
SELECT split_part(source, '/', 2) AS region, said.decision_id, number, said.claim_id, said.layer,
       pg_temp.fen(said.amount) AS amount, said.decided_on,
       (split_part(source, '/', 2), said.decision_id) IN (SELECT region, decision_id FROM withdrawn) AS withdrawn
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said)
    AS said(decision_id text, claim_id text, layer text, amount text, decided_on date)
WHERE type = 'aid.decided.v1'
