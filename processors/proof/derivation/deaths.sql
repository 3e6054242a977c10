SELECT DISTINCT ON (said.person_id) said.person_id, said.died_on, number, source
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(person_id text, died_on date)
WHERE type = 'person.died.v1'
ORDER BY said.person_id, number DESC
