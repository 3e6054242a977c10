WITH pinned AS (
    SELECT DISTINCT ON (claim_id) claim_id, scheme FROM pg_temp.acceptances ORDER BY claim_id, entry DESC
), corrected AS (
    SELECT DISTINCT ON (claim_id) claim_id, said -> 'bill' AS bill
    FROM pg_temp.facts WHERE type = 'claim.corrected.v1' ORDER BY claim_id, number DESC
)
SELECT claim_id, person_id, number, pinned.scheme, date, setting, tier, hospital_id, hospital_region, region, filed,
       prescriber_tier, card_class, any_card, disease, late, prepaid, admission_id, referral, opened, source,
       coalesce(pg_temp.fen(corrected.bill ->> 'total'), total) AS total,
       coalesce(pg_temp.fen(corrected.bill ->> 'in_scope'), in_scope) AS in_scope,
       coalesce(pg_temp.fen(corrected.bill ->> 'upfront_copay'), upfront_copay) AS upfront_copay,
       coalesce(pg_temp.fen(corrected.bill ->> 'over_limit'), over_limit) AS over_limit,
       coalesce(pg_temp.fen(corrected.bill ->> 'self_funded'), self_funded) AS self_funded,
       coalesce(reversals.entry < accepted.entry, true) AS standing,
       -- claims accepted before this was fixed have none
       coalesce(insurance_type, 'resident') AS insurance_type, age, sex, household_id, contracted_doctor,
       coalesce(emergency, false) AS emergency, coalesce(stay_kind, 'ordinary') AS stay_kind,
       invoice, admitted_on, coalesce(card_diseases, '{}') AS card_diseases, years_insured,
       coalesce(interim, false) AS interim
FROM (SELECT * FROM pg_temp.acceptances WHERE NOT moved) AS accepted
JOIN pinned USING (claim_id)
LEFT JOIN corrected USING (claim_id)
LEFT JOIN pg_temp.reversals USING (claim_id)
