SELECT number, said.hospital_id, type = 'hospital.suspended.v1' AS suspended, said.effective_on, said.reason,
       said.clause, source
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(hospital_id text, effective_on date, reason text, clause text)
WHERE type IN ('hospital.suspended.v1', 'hospital.reinstated.v1')
