CREATE VIEW finance.townships AS
WITH enrolled AS (
    SELECT year, region, coalesce(township, left(village, 9)) AS township, count(*) AS enrolled
    FROM projections.enrolments GROUP BY 1, 2, 3
), spent AS (
    SELECT sums.year, sums.region, coalesce(place.township, left(place.village, 9)) AS township, sums.person_id,
           sum(sums.claims) AS claims, coalesce(sum(sums.claims) FILTER (WHERE sums.setting = 'inpatient'), 0) AS stays,
           sum(sums.total) AS total, sum(sums.paid) AS paid, sum(sums.patient_share) AS patient_share
    FROM projections.person_years AS sums
    LEFT JOIN projections.enrolments AS place ON place.person_id = sums.person_id AND place.year = sums.year
                                             AND place.region = sums.region
    WHERE sums.claims > 0
    GROUP BY 1, 2, 3, 4
), sums AS (
    SELECT year, region, township, count(*) AS persons, sum(claims) AS claims, sum(stays) AS stays, sum(total) AS total,
           sum(paid) AS paid, sum(patient_share) AS patient_share
    FROM spent GROUP BY year, region, township
), stays AS (
    SELECT person.year, person.region, coalesce(place.township, left(place.village, 9)) AS township,
           count(*) FILTER (WHERE person.paid + person.patient_share > person.audited) AS asked,
           count(*) FILTER (WHERE person.paid + person.claims * 0.5
                               <= (person.paid + person.patient_share - person.audited) * asked.value) AS under,
           min(asked.value) AS line
    FROM projections.asked_targets AS asked
    JOIN projections.person_years AS person
      ON person.year = asked.year AND person.region = asked.region AND person.scheme = asked.scheme
     AND person.setting = 'inpatient' AND person.poor AND person.claims > 0
    LEFT JOIN projections.enrolments AS place ON place.person_id = person.person_id AND place.year = person.year
                                             AND place.region = person.region
    WHERE asked.target = 'reimbursement'
    GROUP BY 1, 2, 3
)
SELECT places.year, places.region, places.township, coalesce(enrolled.enrolled, 0)::bigint AS enrolled,
       coalesce(sums.persons, 0)::bigint AS persons, coalesce(sums.claims, 0)::bigint AS claims,
       coalesce(sums.stays, 0)::bigint AS stays, (coalesce(sums.total, 0) / 100.0)::numeric(16,2) AS total,
       (coalesce(sums.paid, 0) / 100.0)::numeric(16,2) AS paid,
       (coalesce(sums.patient_share, 0) / 100.0)::numeric(16,2) AS patient_share,
       round(sums.paid / nullif(sums.total, 0), 4)::numeric(10,4) AS paid_share,
       coalesce(stays.asked, 0)::bigint AS asked, coalesce(stays.under, 0)::bigint AS under, stays.line
FROM (
    SELECT year, region, township FROM enrolled UNION SELECT year, region, township FROM sums
) AS places
LEFT JOIN enrolled ON enrolled.year = places.year AND enrolled.region = places.region
                  AND enrolled.township IS NOT DISTINCT FROM places.township
LEFT JOIN sums ON sums.year = places.year AND sums.region = places.region
              AND sums.township IS NOT DISTINCT FROM places.township
LEFT JOIN stays ON stays.year = places.year AND stays.region = places.region
               AND stays.township IS NOT DISTINCT FROM places.township;

COMMENT ON VIEW finance.townships IS '乡镇（街道）：每年参保人数、人次、费用、支付，及贫困人口住院未达标人数，单位元。By township and year: insured, claims, costs, what was paid, and how many of the poor are under the target, in yuan';
COMMENT ON COLUMN finance.townships.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.townships.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.townships.township IS '乡镇（街道）代码，九位，以当年参保登记为准；未登记的为空。Township of the year''s enrollment, nine digits; null where none is stated';
COMMENT ON COLUMN finance.townships.enrolled IS '参保人数。Persons enrolled for the year';
COMMENT ON COLUMN finance.townships.persons IS '就医人数（不重复）。Persons with a standing claim, each once';
COMMENT ON COLUMN finance.townships.claims IS '人次。Standing claims';
COMMENT ON COLUMN finance.townships.stays IS '住院人次。Inpatient claims among them';
COMMENT ON COLUMN finance.townships.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.townships.paid IS '各保障线支付合计，元。Paid by all layers, yuan';
COMMENT ON COLUMN finance.townships.patient_share IS '个人负担，元。Patient share, yuan';
COMMENT ON COLUMN finance.townships.paid_share IS '实际报销比例。Share of the bills that the layers paid';
COMMENT ON COLUMN finance.townships.asked IS '贫困人口住院应达标人数（政策写明 reimbursement 目标的）。Poor persons with a stay, of whom the scheme asks its target';
COMMENT ON COLUMN finance.townships.under IS '其中未达标人数（finance.targets）。Of these under the target';
COMMENT ON COLUMN finance.townships.line IS '目标线。The target';
