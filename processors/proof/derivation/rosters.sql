SELECT number, said.person_id, said.category, said.change = 'added' AS added, said.effective_on
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(person_id text, category text, change text, effective_on date)
WHERE type = 'roster.changed.v1'
