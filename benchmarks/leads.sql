-- entries 1 to 100 of journal intake are left to the adoption of schemes
INSERT INTO projections.hospitals (hospital_id, name, tier, region, designated_from, suspended, kind)
SELECT 'H' || n, '医院' || n, n % 4, CASE WHEN n % 10 = 9 THEN '220102' ELSE '220621' END, '2010-01-01', '{}', 'hospital'
FROM generate_series(0, 59) AS n;

-- three claims a person, of which two are stays; days spread over two years, so that few come near each other
CREATE TEMP TABLE made AS
SELECT n, 'C' || n AS claim_id, 'P' || n / 3 AS person_id, n % 3 + 1 AS number, 'H' || n / 7 % 60 AS hospital_id,
       CASE WHEN n % 3 < 2 THEN 'A' || n END AS admission_id, DATE '2018-01-01' + n * 241 % 720 AS begun,
       CASE WHEN n % 3 < 2 THEN 3 + n % 9 ELSE 0 END AS days, (100000 + n::bigint * 104729 % 900000)::bigint AS total
FROM generate_series(1, :claims) AS n;

INSERT INTO projections.enrolments (person_id, year, region, effective_on, insurance_type, birth_month, sex)
SELECT DISTINCT person_id, year, '220621', make_date(year, 1, 1), 'resident', '1960-05', 'female'
FROM made CROSS JOIN generate_series(2018, 2020) AS year;

INSERT INTO projections.admissions (admission_id, person_id, hospital_id, admitted_on, filed, referral, cancelled,
                                    discharged_by, emergency, stay_kind)
SELECT admission_id, person_id, hospital_id, begun, true, '{}', false, claim_id, false, 'ordinary'
FROM made WHERE admission_id IS NOT NULL;

INSERT INTO projections.claims (claim_id, person_id, number, scheme, date, setting, tier, hospital_id, hospital_region, region,
                                filed, prescriber_tier, any_card, late, prepaid, admission_id, referral, opened, source, total,
                                in_scope, upfront_copay, over_limit, self_funded, standing, insurance_type, emergency,
                                stay_kind, card_diseases, interim)
SELECT claim_id, person_id, number, (SELECT hash FROM ledger.schemes WHERE name = 'fusong'), begun + days,
       CASE WHEN admission_id IS NULL THEN 'general' ELSE 'inpatient' END, 2, hospital_id, '220621', '220621', true, 0, false,
       false, false, admission_id, '{}', 1, 'hospital/' || hospital_id, total, total, 0, 0, 0, true, 'resident', false,
       'ordinary', '{}', false
FROM made;

INSERT INTO projections.statements (claim_id, person_id, number, source, hospital_id, region, scheme, scheme_hash, year, setting,
                                    date, status, revision, total, categories, layers, patient_share, hospital_share,
                                    audited_person, payee, late, poor, answer_id, answer_type)
SELECT claim_id, person_id, number, source, hospital_id, region, 'fusong', scheme, extract(year FROM date), setting, date,
       'settled', 1, total, '{}', jsonb_build_array(jsonb_build_array('basic', total * 55 / 100)), total * 45 / 100, 0, 0,
       'hospital', false, false, 'a' || claim_id, 'claim.settled.v1'
FROM projections.claims;

INSERT INTO ledger.entries (journal, number, type, recorded_at, source, event_id, person_id, claim_id, data, raw, hash)
SELECT 'intake', 2 * n + 99, 'admission.recorded.v1', begun::timestamptz, 'hospital/' || hospital_id, 'admit-' || n,
       person_id, NULL, '{}',
       convert_to(json_build_object('data', json_build_object('admission_id', admission_id, 'diagnoses',
           json_build_array(chr(65 + n % 20) || lpad((n * 31 % 99)::text, 2, '0') || '.1')))::text, 'UTF8'), 'x'
FROM made WHERE admission_id IS NOT NULL;

INSERT INTO ledger.entries (journal, number, type, recorded_at, source, event_id, person_id, claim_id, data, raw, hash)
SELECT 'intake', 2 * n + 100, CASE WHEN admission_id IS NULL THEN 'outpatient.recorded.v1' ELSE 'discharge.recorded.v1' END,
       (begun + days)::timestamptz, 'hospital/' || hospital_id, 'claim-' || n, person_id, claim_id, '{}', '{}', 'x'
FROM made;

INSERT INTO ledger.entries (journal, number, type, recorded_at, person_id, claim_id, claim_number, run, stage, year, data, hash)
SELECT 'settlement.0', n, 'claim.settled.v1', (begun + days)::timestamptz, person_id, claim_id, number, 1, 100,
       extract(year FROM begun + days), '{}', 'x'
FROM made;

INSERT INTO processors.positions (consumer, partition, stream_seq, journal_number, journal_hash, recorded_at, outgoing)
VALUES ('settlement', 0, 0, :claims, '\x00', now(), '\x')
ON CONFLICT (consumer, partition) DO UPDATE SET journal_number = excluded.journal_number;

UPDATE processors.positions SET journal_number = 2 * :claims + 100 WHERE consumer = 'intake';

VACUUM ANALYZE
