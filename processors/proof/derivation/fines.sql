SELECT said.fine_id, number, said.hospital_id, pg_temp.fen(said.amount) AS amount, said.imposed_on, said.reason,
       said.clause, source, said.replaces
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(
    fine_id text, hospital_id text, amount text, imposed_on date, reason text, clause text, replaces text)
WHERE type = 'fine.imposed.v1'
