WITH pinned AS (
    SELECT DISTINCT ON (settled.claim_id) settled.claim_id, accepted.scheme
    FROM pg_temp.settlements AS settled
    JOIN pg_temp.acceptances AS accepted ON accepted.claim_id = settled.claim_id AND accepted.run <= settled.run
    ORDER BY settled.claim_id, accepted.entry DESC
), found AS (
    SELECT number, said.claim_id, said.borne_by, said.amount,
           sum(said.amount) OVER (PARTITION BY said.claim_id ORDER BY number) AS so_far
    FROM pg_temp.facts
    CROSS JOIN LATERAL (
        SELECT said ->> 'claim_id' AS claim_id, said ->> 'borne_by' AS borne_by, pg_temp.fen(said ->> 'amount') AS amount
    ) AS said
    WHERE type = 'audit.found.v1'
), audited AS (
    -- Findings take from the bill in recorded order until nothing is left of it (docs/domain.md#3.7).
    SELECT claim_id, sum(least(so_far, total) - least(so_far - amount, total)) AS by_person
    FROM pg_temp.settlements JOIN found USING (claim_id)
    WHERE status = 'settled' AND borne_by = 'person' AND (told_until IS NULL OR found.number <= told_until)
    GROUP BY claim_id
)
SELECT claim_id, settled.person_id, settled.claim_number AS number, accepted.source, accepted.hospital_id,
       settled.region, settled.scheme, pinned.scheme AS scheme_hash, settled.year, settled.setting, settled.date,
       status, revision, settled.total, settled.categories,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(layer, replace(paid, '.', '')::bigint) ORDER BY place), '[]')
        FROM ROWS FROM (json_to_recordset(layers) AS (layer text, paid text)) WITH ORDINALITY AS each(layer, paid, place)
       ) AS layers,
       patient_share, hospital_share, coalesce(audited.by_person, 0) AS audited_person, payee, accepted.disease,
       accepted.late, settled.categories && poor.categories AS poor,
       settled.journal || '-' || settled.entry AS answer_id, settled.type AS answer_type
FROM pg_temp.settlements AS settled
JOIN (SELECT * FROM pg_temp.acceptances WHERE NOT moved) AS accepted USING (claim_id)
JOIN pinned USING (claim_id)
JOIN pg_temp.poor ON poor.scheme_hash = pinned.scheme
LEFT JOIN audited USING (claim_id)
