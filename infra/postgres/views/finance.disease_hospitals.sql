CREATE VIEW finance.disease_hospitals AS
SELECT own.year, own.region, own.scheme, own.disease, sums.hospital_id, hospital.name, hospital.tier,
       sums.claims::bigint AS claims, (sums.total / 100.0)::numeric(16,2) AS total,
       (sums.total / 100.0 / sums.claims)::numeric(16,2) AS average, own.average_before,
       round(sums.total * before.claims / nullif(before.total * sums.claims, 0) - 1, 4)::numeric(10,4) AS growth,
       own.line,
       CASE WHEN before.total > 0
            THEN sums.total * before.claims > before.total * sums.claims * (1 + own.line) END AS over_line,
       round(sums.self_funded / nullif(sums.total, 0)::numeric, 4)::numeric(10,4) AS out_of_catalog_share, own.base_share,
       round(sums.self_funded / nullif(sums.total, 0)::numeric, 4) > own.base_share AS over_base
FROM finance.disease_costs AS own
JOIN projections.disease_years AS sums
  ON sums.year = own.year AND sums.region = own.region AND sums.scheme = own.scheme AND sums.setting = own.setting
 AND sums.disease = own.disease AND sums.claims > 0
LEFT JOIN projections.hospitals AS hospital USING (hospital_id)
CROSS JOIN LATERAL (
    SELECT sum(last.claims) AS claims, sum(last.total) AS total
    FROM projections.disease_years AS last
    WHERE last.year = own.year - 1 AND last.region = own.region AND last.setting = own.setting
      AND last.disease = own.disease AND last.claims > 0
) AS before
WHERE own.quota AND own.setting = 'inpatient';

COMMENT ON VIEW finance.disease_hospitals IS '定点救治医院的定额病种：每年每院每病种的次均费用，与本地上年次均相比，及目录外占比（安义县方案三(十二)）。Stays for diseases under a case quota by hospital: their average against that of the region''s year before, and what is out of the catalog';
COMMENT ON COLUMN finance.disease_hospitals.year IS '年度。Year of discharge';
COMMENT ON COLUMN finance.disease_hospitals.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.disease_hospitals.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.disease_hospitals.disease IS '病种代码。Disease';
COMMENT ON COLUMN finance.disease_hospitals.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.disease_hospitals.name IS '医疗机构名称。Its name, as last registered';
COMMENT ON COLUMN finance.disease_hospitals.tier IS '医疗机构等级。Tier';
COMMENT ON COLUMN finance.disease_hospitals.claims IS '人次。Standing stays';
COMMENT ON COLUMN finance.disease_hospitals.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.disease_hospitals.average IS '次均费用，元。Average bill, yuan';
COMMENT ON COLUMN finance.disease_hospitals.average_before IS '本地上年该病种次均费用（各院合计），元。Average of the year before over all hospitals, yuan';
COMMENT ON COLUMN finance.disease_hospitals.growth IS '比本地上年次均高出。How far the average is over it';
COMMENT ON COLUMN finance.disease_hospitals.line IS '控制线（政策目标 disease_cost_growth）。The line that the scheme states';
COMMENT ON COLUMN finance.disease_hospitals.over_line IS '是否超过控制线。Whether it is over the line, held exactly';
COMMENT ON COLUMN finance.disease_hospitals.out_of_catalog_share IS '目录外费用占比。Share of the total out of the catalog';
COMMENT ON COLUMN finance.disease_hospitals.base_share IS '本地该病种2015和2016年目录外费用占比。The share of 2015 and 2016 in the region';
COMMENT ON COLUMN finance.disease_hospitals.over_base IS '目录外占比是否超过。Whether the share is over it';
