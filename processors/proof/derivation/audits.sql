SELECT said.finding_id, number, said.claim_id, pg_temp.fen(said.amount) AS amount, said.borne_by, said.part
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(finding_id text, claim_id text, amount text, borne_by text, part text)
WHERE type = 'audit.found.v1'
