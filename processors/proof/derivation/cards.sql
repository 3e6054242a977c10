SELECT number, said.person_id, said.disease, said.disease_class, type = 'chronic_card.issued.v1' AS issued,
       said.effective_on
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(
    person_id text, disease text, disease_class text, effective_on date)
WHERE type IN ('chronic_card.issued.v1', 'chronic_card.revoked.v1')
