SELECT DISTINCT ON (facts.source, said.filing_id)
       split_part(facts.source, '/', 2) AS region, said.filing_id, number, said.person_id, said.kind, said.effective_on,
       said.until, said.to_region, said.to_hospital, said.reason
FROM pg_temp.facts
CROSS JOIN LATERAL json_to_record(said) AS said(
    filing_id text, person_id text, kind text, effective_on date, until date, to_region text, to_hospital text,
    reason text)
WHERE type = 'referral.filed.v1'
ORDER BY facts.source, said.filing_id, number DESC
