CREATE VIEW finance.cost_growth AS
SELECT years.year, years.region, (years.total / 100.0)::numeric(16,2) AS total,
       (before.total / 100.0)::numeric(16,2) AS total_before,
       round((years.total - before.total) / nullif(before.total, 0), 4)::numeric(10,4) AS growth,
       asked.line,
       CASE WHEN before.total > 0 THEN years.total > round(before.total * (1 + asked.line)) END AS over_line
FROM (
    SELECT year, region, sum(total) AS total FROM projections.annual_sums WHERE claims > 0 GROUP BY year, region
) AS years
CROSS JOIN LATERAL (
    SELECT sum(sums.total) AS total FROM projections.annual_sums AS sums
    WHERE sums.year = years.year - 1 AND sums.region = years.region AND sums.claims > 0
) AS before
CROSS JOIN LATERAL (
    SELECT min(asked_targets.value) AS line FROM projections.asked_targets
    WHERE asked_targets.year = years.year AND asked_targets.region = years.region
      AND asked_targets.target = 'cost_growth'
) AS asked;

COMMENT ON VIEW finance.cost_growth IS '医疗总费用增长：每个统筹区年度医疗总费用比上年增长，及其政策写明的控制线（finance.target_values）。Growth of a region''s medical costs over the year before, against the line that its scheme states';
COMMENT ON COLUMN finance.cost_growth.year IS '年度（按出院或就诊日期）。Year of discharge or service';
COMMENT ON COLUMN finance.cost_growth.region IS '统筹区代码。Region of the persons, GB/T 2260';
COMMENT ON COLUMN finance.cost_growth.total IS '医疗总费用，元。Total bills of standing claims, yuan';
COMMENT ON COLUMN finance.cost_growth.total_before IS '上年医疗总费用，元。Of the year before; null where the ledger has none';
COMMENT ON COLUMN finance.cost_growth.growth IS '比上年增长。Growth over the year before; null without one';
COMMENT ON COLUMN finance.cost_growth.line IS '控制线；政策未写明的为空。The line; null where the scheme states none';
COMMENT ON COLUMN finance.cost_growth.over_line IS '增幅是否超过控制线（按分比较，不按已舍入的增幅）；政策未写明或无上年数的为空。Whether the total is over the line to the fen; null where the scheme states none or there is no year before';
