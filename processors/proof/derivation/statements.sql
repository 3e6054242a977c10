WITH RECURSIVE pinned AS (
    SELECT DISTINCT ON (settled.claim_id) settled.claim_id, accepted.scheme
    FROM pg_temp.settlements AS settled
    JOIN pg_temp.acceptances AS accepted ON accepted.claim_id = settled.claim_id AND accepted.run <= settled.run
    ORDER BY settled.claim_id, accepted.entry DESC
), bills AS (
    -- the bill as the settlement knew it
    SELECT DISTINCT ON (accepted.claim_id) accepted.claim_id, told_until, accepted.self_funded, accepted.over_limit,
           accepted.upfront_copay, accepted.in_scope, corrected.said -> 'bill' AS bill
    FROM pg_temp.settlements AS settled
    JOIN (SELECT * FROM pg_temp.acceptances WHERE NOT moved) AS accepted USING (claim_id)
    LEFT JOIN pg_temp.facts AS corrected
        ON corrected.type = 'claim.corrected.v1' AND corrected.said ->> 'claim_id' = accepted.claim_id
        AND (told_until IS NULL OR corrected.number <= told_until)
    WHERE status = 'settled'
    ORDER BY accepted.claim_id, corrected.number DESC NULLS LAST
), withdrawn AS MATERIALIZED (
    SELECT number, said ->> 'finding_id' AS finding_id, pg_temp.fen(said ->> 'amount') AS amount
    FROM pg_temp.facts WHERE type = 'audit.withdrawn.v1'
), found AS (
    SELECT bills.claim_id, said ->> 'part' AS part, said ->> 'borne_by' AS borne_by,
           pg_temp.fen(said ->> 'amount') - coalesce((
               SELECT sum(withdrawn.amount) FROM withdrawn
               WHERE withdrawn.finding_id = said ->> 'finding_id' AND (told_until IS NULL OR withdrawn.number <= told_until)
           ), 0)::bigint AS amount,
           row_number() OVER (PARTITION BY bills.claim_id ORDER BY facts.number) AS place
    FROM pg_temp.facts AS facts
    JOIN bills ON bills.claim_id = said ->> 'claim_id' AND (told_until IS NULL OR facts.number <= told_until)
    WHERE type = 'audit.found.v1'
), held AS (
    -- Findings take in recorded order from the part that they name, else from O, C and S (docs/domain.md#3.7).
    SELECT claim_id, 0::bigint AS place, 0::bigint AS by_person,
           coalesce(pg_temp.fen(bill ->> 'self_funded'), self_funded) AS self_funded,
           coalesce(pg_temp.fen(bill ->> 'over_limit'), over_limit) AS over_limit,
           coalesce(pg_temp.fen(bill ->> 'upfront_copay'), upfront_copay) AS upfront_copay,
           coalesce(pg_temp.fen(bill ->> 'in_scope'), in_scope) AS in_scope
    FROM bills
    WHERE claim_id IN (SELECT claim_id FROM found)
    UNION ALL
    SELECT claim_id, found.place,
           by_person + CASE borne_by WHEN 'person' THEN of_self_funded + of_over_limit + of_copay + of_scope ELSE 0 END,
           self_funded - of_self_funded, over_limit - of_over_limit, upfront_copay - of_copay, in_scope - of_scope
    FROM held
    JOIN found USING (claim_id)
    CROSS JOIN LATERAL (
        SELECT CASE coalesce(part, 'self_funded') WHEN 'self_funded' THEN least(amount, self_funded) ELSE 0 END
            AS of_self_funded
    ) AS first
    CROSS JOIN LATERAL (
        SELECT CASE coalesce(part, 'over_limit') WHEN 'over_limit' THEN least(amount - of_self_funded, over_limit) ELSE 0 END
            AS of_over_limit
    ) AS second
    CROSS JOIN LATERAL (
        SELECT CASE coalesce(part, 'upfront_copay')
                   WHEN 'upfront_copay' THEN least(amount - of_self_funded - of_over_limit, upfront_copay) ELSE 0 END
            AS of_copay
    ) AS third
    CROSS JOIN LATERAL (
        SELECT CASE coalesce(part, 'in_scope')
                   WHEN 'in_scope' THEN least(amount - of_self_funded - of_over_limit - of_copay, in_scope) ELSE 0 END
            AS of_scope
    ) AS fourth
    WHERE found.place = held.place + 1
), audited AS (
    SELECT DISTINCT ON (claim_id) claim_id, by_person FROM held ORDER BY claim_id, place DESC
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
