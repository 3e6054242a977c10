SELECT split_part(source, '/', 2) AS region, said.advance_id, number, said.person_id,
       pg_temp.fen(said.amount) AS amount, said.issued_on,
       coalesce(said.lent_by, CASE WHEN source LIKE 'bureau/%' THEN 'bureau' ELSE 'poverty_office' END) AS lent_by,
       said.filed_on
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said)
    AS said(advance_id text, person_id text, amount text, issued_on date, lent_by text, filed_on date)
WHERE type = 'advance.issued.v1'
