-- An advance_id said again by its bureau is the same advance.
SELECT DISTINCT ON (split_part(source, '/', 2), said.advance_id)
       split_part(source, '/', 2) AS region, said.advance_id, number, said.person_id,
       pg_temp.fen(said.amount) AS amount, said.issued_on
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(advance_id text, person_id text, amount text, issued_on date)
WHERE type = 'advance.issued.v1'
ORDER BY split_part(source, '/', 2), said.advance_id, number
