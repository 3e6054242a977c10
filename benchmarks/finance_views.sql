INSERT INTO projections.hospitals (hospital_id, name, tier, region, designated_from, suspended, kind)
SELECT 'H' || n, '医院' || n, n % 4, (140421 + n % 13)::text, '2010-01-01',
       CASE WHEN n < 2 THEN '{2019-03-01,2019-06-01}'::date[] ELSE '{}' END, 'hospital'
FROM generate_series(0, 59) AS n;

INSERT INTO projections.statements (claim_id, person_id, number, source, hospital_id, region, scheme, scheme_hash, year, setting, date, status, revision,
                                    total, categories, layers, patient_share, hospital_share, audited_person, payee, disease,
                                    late, poor, answer_id, answer_type)
SELECT 'C' || n, person.id, n, 'hospital/H' || n / 7 % 60, 'H' || n / 7 % 60, person.region, 'changzhi', 'x', place.year,
       place.setting, make_date(place.year, 1 + n / 26 % 12, 1 + n / 312 % 28), 'settled', 1, bill.total,
       CASE WHEN person.poor THEN '{dibao}'::text[] ELSE '{}' END,
       jsonb_build_array(jsonb_build_array('basic', bill.total * 55 / 100),
                         jsonb_build_array('assistance', CASE WHEN person.poor THEN bill.total / 5 ELSE 0 END)),
       bill.total * 45 / 100, 0, 0, 'hospital', NULL, false, person.poor, 'a' || n, 'claim.settled.v1'
FROM generate_series(1, :claims) AS n
CROSS JOIN LATERAL (
    SELECT 'P' || n % 200000 AS id, (140421 + n % 200000 % 13)::text AS region, n % 200000 % 10 < 3 AS poor
) AS person
CROSS JOIN LATERAL (
    SELECT 2015 + (n - 1) * 5 / :claims * 2 + n / 13 % 2 AS year, CASE WHEN n / 60 % 5 < 4 THEN 'inpatient' ELSE 'chronic' END AS setting
) AS place
CROSS JOIN LATERAL (SELECT 100000 + n % 977 * 1000 AS total) AS bill;

INSERT INTO projections.targets (scheme, target, since, value, grade, cite)
VALUES ('changzhi', 'reimbursement', '2015-01-01', 0.90, 'assumed', 'x'),
       ('changzhi', 'chronic_reimbursement', '2015-01-01', 0.80, 'assumed', 'x'),
       ('changzhi', 'assistance', '2015-01-01', 0.70, 'assumed', 'x'),
       ('changzhi', 'cost_growth', '2015-01-01', 0.10, 'assumed', 'x');

INSERT INTO projections.person_years (year, region, scheme, setting, poor, person_id, claims, total, audited, paid,
                                      assistance_base, assistance_in_scope, patient_share)
SELECT year, region, scheme, setting, poor, person_id, count(*), sum(total), 0,
       sum(total * CASE WHEN person_id LIKE '%7' THEN 92 ELSE 75 END / 100), sum(total / 4), sum(total / 5),
       sum(total - total * CASE WHEN person_id LIKE '%7' THEN 92 ELSE 75 END / 100)
FROM projections.statements GROUP BY year, region, scheme, setting, poor, person_id;

INSERT INTO projections.annual_sums (year, region, scheme, setting, poor, claims, persons, assisted, total, paid,
                                     patient_share, hospital_share)
SELECT year, region, scheme, setting, poor, sum(claims), count(*), count(*), sum(total), sum(paid), 0, 0
FROM projections.person_years GROUP BY year, region, scheme, setting, poor;

INSERT INTO projections.annual_layers (year, region, scheme, setting, poor, layer, paid)
SELECT year, region, scheme, setting, poor, layer, paid / 3
FROM projections.annual_sums CROSS JOIN unnest('{basic,critical_illness,assistance}'::text[]) AS layer;

INSERT INTO projections.disease_years (year, region, scheme, setting, disease, hospital_id, claims, total, self_funded,
                                       paid, assistance)
SELECT year, region, scheme, setting, coalesce(disease, ''), hospital_id, count(*), sum(total), sum(total / 10),
       sum(total / 2), sum(total / 20)
FROM projections.statements GROUP BY year, region, scheme, setting, coalesce(disease, ''), hospital_id;

INSERT INTO projections.hospital_years (year, hospital_id, claims, total, self_funded, stays, stays_total)
SELECT year, hospital_id, count(*), sum(total), 0, count(*) FILTER (WHERE setting = 'inpatient'),
       sum(total) FILTER (WHERE setting = 'inpatient')
FROM projections.statements GROUP BY year, hospital_id;

INSERT INTO projections.fund_flows (month, region, setting, layer, decided, adjusted, bookings)
SELECT to_char(date, 'YYYY-MM'), region, setting, layer, sum(total), 0, count(*)
FROM projections.statements
CROSS JOIN unnest('{basic,critical_illness,assistance,supplementary,basic_second,backstop,public_health,grant}'::text[]) AS layer
GROUP BY 1, 2, 3, 4;

INSERT INTO projections.accumulations (person_id, year, scheme, layer, track, base, deductible, paid, extra, claims)
SELECT person_id, year, scheme, layer, 'inpatient', sum(total), 0, sum(paid), 0, sum(claims)
FROM projections.person_years CROSS JOIN unnest('{basic,critical_illness,assistance}'::text[]) AS layer
GROUP BY person_id, year, scheme, layer;

INSERT INTO projections.roster_gaps (year, person_id, region, categories)
SELECT year, 'R' || n, (140421 + n % 13)::text, '{dibao}'
FROM generate_series(1, 2000) AS n, generate_series(2015, 2024) AS year;

INSERT INTO projections.roster_years (year, region, rostered, enrolled)
SELECT year, (140421 + n)::text, 4600, 4446 FROM generate_series(0, 12) AS n, generate_series(2015, 2024) AS year;

INSERT INTO projections.deaths (person_id, died_on, number, source)
SELECT 'P' || n * 10, CASE WHEN n % 50 = 0 THEN '2019-06-15' ELSE '2025-01-01' END::date, n, 'bureau/140400'
FROM generate_series(1, 19999) AS n;

INSERT INTO projections.counted_journals (journal, number, as_of) VALUES ('intake', :claims, now());

VACUUM ANALYZE
