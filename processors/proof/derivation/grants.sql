SELECT person_id, scheme, "grant", year, amount, claim_id
FROM (
    SELECT DISTINCT ON (said.person_id, said.scheme, said."grant", said.year) entry.type, said.*
    FROM ledger.entries AS entry
    CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS said(
        person_id text, scheme text, "grant" text, year smallint, amount bigint, claim_id text)
    WHERE entry.type IN ('grant.awarded.v1', 'grant.withdrawn.v1')
    ORDER BY said.person_id, said.scheme, said."grant", said.year, entry.number DESC
) AS latest
WHERE type = 'grant.awarded.v1'
