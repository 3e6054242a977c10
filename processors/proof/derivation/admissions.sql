WITH RECURSIVE admitted AS (
    SELECT said.*
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        admission_id text, person_id text, hospital_id text, admitted_on date, referred_from text, filed boolean)
    WHERE type = 'admission.recorded.v1'
), chain AS (
    SELECT admission_id, ARRAY[]::text[] AS referral FROM admitted WHERE referred_from IS NULL
    UNION ALL
    SELECT admitted.admission_id, chain.admission_id || chain.referral
    FROM chain JOIN admitted ON admitted.referred_from = chain.admission_id
), standing AS (
    SELECT admission_id, claim_id
    FROM pg_temp.acceptances AS accepted
    LEFT JOIN pg_temp.reversals USING (claim_id)
    WHERE NOT moved AND coalesce(reversals.entry < accepted.entry, true)
)
SELECT admission_id, person_id, hospital_id, admitted_on, coalesce(filed, true) AS filed, referral,
       admission_id IN (
           SELECT said ->> 'admission_id' FROM pg_temp.facts WHERE type = 'admission.cancelled.v1') AS cancelled,
       standing.claim_id AS discharged_by
FROM admitted
JOIN chain USING (admission_id)
LEFT JOIN standing USING (admission_id)
