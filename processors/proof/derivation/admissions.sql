WITH RECURSIVE admitted AS (
    SELECT said.*
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        admission_id text, person_id text, hospital_id text, admitted_on date, referred_from text, filed boolean,
        emergency boolean, stay_kind text)
    WHERE type = 'admission.recorded.v1'
), changed AS (
    SELECT said.admission_id,
           (array_agg(admitted_on ORDER BY number DESC) FILTER (WHERE admitted_on IS NOT NULL))[1] AS admitted_on,
           (array_agg(filed ORDER BY number DESC) FILTER (WHERE filed IS NOT NULL))[1] AS filed,
           (array_agg(emergency ORDER BY number DESC) FILTER (WHERE emergency IS NOT NULL))[1] AS emergency,
           (array_agg(stay_kind ORDER BY number DESC) FILTER (WHERE stay_kind IS NOT NULL))[1] AS stay_kind
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        admission_id text, admitted_on date, filed boolean, emergency boolean, stay_kind text)
    WHERE type = 'admission.changed.v1'
    GROUP BY said.admission_id
), chain AS (
    SELECT admission_id, ARRAY[]::text[] AS referral FROM admitted WHERE referred_from IS NULL
    UNION ALL
    SELECT admitted.admission_id, chain.admission_id || chain.referral
    FROM chain JOIN admitted ON admitted.referred_from = chain.admission_id
), standing AS (
    SELECT admission_id, claim_id, number, coalesce(interim, false) AS interim
    FROM pg_temp.acceptances AS accepted
    LEFT JOIN pg_temp.reversals USING (claim_id)
    WHERE NOT moved AND coalesce(reversals.entry < accepted.entry, true)
)
SELECT admission_id, person_id, hospital_id, coalesce(changed.admitted_on, admitted.admitted_on) AS admitted_on,
       coalesce(changed.filed, admitted.filed, true) AS filed, referral,
       admission_id IN (
           SELECT said ->> 'admission_id' FROM pg_temp.facts WHERE type = 'admission.cancelled.v1') AS cancelled,
       discharging.claim_id AS discharged_by,
       coalesce(changed.emergency, admitted.emergency, false) AS emergency,
       coalesce(changed.stay_kind, admitted.stay_kind, 'ordinary') AS stay_kind,
       billing.claim_id AS interim_by
FROM admitted
JOIN chain USING (admission_id)
LEFT JOIN (SELECT admission_id, claim_id FROM standing WHERE NOT interim) AS discharging USING (admission_id)
LEFT JOIN (
    SELECT DISTINCT ON (admission_id) admission_id, claim_id FROM standing WHERE interim
    ORDER BY admission_id, number DESC
) AS billing USING (admission_id)
LEFT JOIN changed USING (admission_id)
