CREATE VIEW finance.hospital_costs AS
SELECT sums.year, sums.hospital_id, hospital.name, hospital.region, hospital.tier, sums.claims,
       (sums.total / 100.0)::numeric(16,2) AS total,
       round((sums.total - before.total)::numeric / nullif(before.total, 0), 4)::numeric(10,4) AS growth,
       CASE WHEN before.total > 0 THEN sums.total > round(before.total * (1 + asked.line)) END AS over_line,
       sums.stays, (sums.stays_total / 100.0 / nullif(sums.stays, 0))::numeric(16,2) AS average_stay,
       round(sums.stays_total::numeric * before.stays / nullif(before.stays_total::numeric * sums.stays, 0) - 1,
             4)::numeric(10,4) AS average_stay_growth,
       (sums.self_funded / 100.0)::numeric(16,2) AS self_funded,
       round(sums.self_funded::numeric / nullif(sums.total, 0), 4)::numeric(10,4) AS out_of_catalog_share
FROM projections.hospital_years AS sums
LEFT JOIN projections.hospital_years AS before
       ON before.year = sums.year - 1 AND before.hospital_id = sums.hospital_id AND before.claims > 0
LEFT JOIN projections.hospitals AS hospital ON hospital.hospital_id = sums.hospital_id
CROSS JOIN LATERAL (
    SELECT min(asked_targets.value) AS line FROM projections.asked_targets
    WHERE asked_targets.year = sums.year AND asked_targets.region = hospital.region
      AND asked_targets.target = 'cost_growth'
) AS asked
WHERE sums.claims > 0;

COMMENT ON VIEW finance.hospital_costs IS '医院费用结构：每年总费用及增幅、次均住院费用、目录外占比，单位元（安义县方案二(九)）。Costs by hospital and year, in yuan';
COMMENT ON COLUMN finance.hospital_costs.year IS '年度（按出院或就诊日期）。Year of discharge or service';
COMMENT ON COLUMN finance.hospital_costs.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.hospital_costs.name IS '医疗机构名称。Its name, as last registered';
COMMENT ON COLUMN finance.hospital_costs.region IS '医疗机构所在地代码。Where it is, GB/T 2260';
COMMENT ON COLUMN finance.hospital_costs.tier IS '医疗机构等级，0 为乡镇卫生院。Tier, 0 is a township hospital';
COMMENT ON COLUMN finance.hospital_costs.claims IS '人次。Standing claims';
COMMENT ON COLUMN finance.hospital_costs.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.hospital_costs.growth IS '总费用比上年增长。Growth of the total over the year before; null without one';
COMMENT ON COLUMN finance.hospital_costs.over_line IS '增幅是否超过所在地政策的控制线（按分比较）；政策未写明或无上年数的为空。Whether the total is over the line that the scheme of its region states, to the fen; null where it states none or there is no year before';
COMMENT ON COLUMN finance.hospital_costs.stays IS '住院人次。Inpatient claims';
COMMENT ON COLUMN finance.hospital_costs.average_stay IS '次均住院费用，元。Average bill of a stay, yuan';
COMMENT ON COLUMN finance.hospital_costs.average_stay_growth IS '次均住院费用比上年增长。Growth of the average stay over the year before';
COMMENT ON COLUMN finance.hospital_costs.self_funded IS '目录外（全自费）费用，元。Costs out of the catalog, yuan';
COMMENT ON COLUMN finance.hospital_costs.out_of_catalog_share IS '目录外费用占比。Share of the total out of the catalog';
