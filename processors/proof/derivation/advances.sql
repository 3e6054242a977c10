SELECT split_part(source, '/', 2) AS region, said.advance_id, number, said.person_id,
       pg_temp.fen(said.amount) AS amount, said.issued_on
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(advance_id text, person_id text, amount text, issued_on date)
WHERE type = 'advance.issued.v1'
