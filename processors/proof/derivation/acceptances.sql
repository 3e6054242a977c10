-- What acceptance fixed of each claim, the bill as it was then; moved: pinned to another text of its scheme later.
SELECT entry.number AS entry, entry.run, decided.instead_of IS NOT NULL AS moved, claim.*, bill.*
FROM ledger.entries AS entry
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS decided(claim json, instead_of text)
CROSS JOIN LATERAL json_to_record(decided.claim) AS claim(
    claim_id text, person_id text, number integer, scheme text, date date, setting text, tier smallint,
    hospital_id text, hospital_region text, region text, filed boolean, prescriber_tier smallint, card_class text,
    any_card boolean, disease text, late boolean, prepaid boolean, admission_id text, referral text[], opened bigint,
    source text, bill json, insurance_type text, age smallint, sex text, household_id text, contracted_doctor boolean,
    emergency boolean, stay_kind text, invoice text, admitted_on date, card_diseases text[], years_insured smallint,
    interim boolean)
CROSS JOIN LATERAL json_to_record(claim.bill) AS bill(
    total bigint, in_scope bigint, upfront_copay bigint, over_limit bigint, self_funded bigint)
WHERE entry.journal = 'intake' AND entry.type = 'claim.accepted.v1'
