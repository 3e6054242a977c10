CREATE VIEW finance.disease_costs AS
WITH years AS (
    SELECT year, region, scheme, setting, disease, sum(claims) AS claims, sum(total) AS total,
           sum(self_funded) AS self_funded, sum(paid) AS paid, sum(assistance) AS assistance
    FROM projections.disease_years
    WHERE claims > 0
    GROUP BY year, region, scheme, setting, disease
)
SELECT years.year, years.region, years.scheme, years.setting, nullif(years.disease, '') AS disease,
       named.serious, named.quota, years.claims::bigint AS claims, (years.total / 100.0)::numeric(16,2) AS total,
       (years.total / 100.0 / years.claims)::numeric(16,2) AS average,
       (before.total / 100.0 / before.claims)::numeric(16,2) AS average_before,
       round(years.total * before.claims / nullif(before.total * years.claims, 0) - 1, 4)::numeric(10,4) AS growth,
       asked.line,
       CASE WHEN before.total > 0
            THEN years.total * before.claims > before.total * years.claims * (1 + asked.line) END AS over_line,
       (years.self_funded / 100.0)::numeric(16,2) AS self_funded,
       round(years.self_funded / nullif(years.total, 0), 4)::numeric(10,4) AS out_of_catalog_share,
       round(base.self_funded / nullif(base.total, 0), 4)::numeric(10,4) AS base_share,
       CASE WHEN named.quota AND base.total > 0
            THEN years.self_funded * base.total > base.self_funded * years.total END AS over_base,
       (years.paid / 100.0)::numeric(16,2) AS paid,
       round(years.paid / nullif(years.total, 0), 4)::numeric(10,4) AS paid_share,
       (years.assistance / 100.0)::numeric(16,2) AS assistance
FROM years
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS serious, count(*) FILTER (WHERE named.use = 'case_quota') > 0 AS quota
    FROM projections.named_diseases AS named
    WHERE named.scheme = years.scheme AND named.disease = years.disease
) AS named
CROSS JOIN LATERAL (
    SELECT sum(sums.claims) AS claims, sum(sums.total) AS total
    FROM projections.disease_years AS sums
    WHERE sums.year = years.year - 1 AND sums.region = years.region AND sums.setting = years.setting
      AND sums.disease = years.disease AND sums.claims > 0
) AS before
CROSS JOIN LATERAL (
    SELECT sum(sums.self_funded) AS self_funded, sum(sums.total) AS total
    FROM projections.disease_years AS sums
    WHERE sums.year IN (2015, 2016) AND years.year > 2016 AND sums.region = years.region
      AND sums.setting = years.setting AND sums.disease = years.disease AND sums.claims > 0
) AS base
CROSS JOIN LATERAL (
    SELECT min(asked_targets.value) AS line
    FROM projections.asked_targets
    WHERE named.quota AND years.setting = 'inpatient' AND asked_targets.year = years.year
      AND asked_targets.region = years.region AND asked_targets.scheme = years.scheme
      AND asked_targets.target = 'disease_cost_growth'
) AS asked;

COMMENT ON VIEW finance.disease_costs IS '病种费用：每年每病种的人次、次均费用及增幅、目录外占比，单位元（安义县方案三(十二)，长治三(三)）。Costs by disease and year, in yuan';
COMMENT ON COLUMN finance.disease_costs.year IS '年度（按出院或就诊日期）。Year of discharge or service';
COMMENT ON COLUMN finance.disease_costs.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.disease_costs.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.disease_costs.setting IS '就医类型。Setting';
COMMENT ON COLUMN finance.disease_costs.disease IS '病种代码；未填病种的为空。Disease that the claims state; null where they state none';
COMMENT ON COLUMN finance.disease_costs.serious IS '是否重特大疾病：现行政策的医疗救助、病种定额或补助点名的病种。Whether the text in force names it for assistance, a case quota or a grant';
COMMENT ON COLUMN finance.disease_costs.quota IS '是否病种定额付费的病种。Whether it is under a case quota';
COMMENT ON COLUMN finance.disease_costs.claims IS '人次。Standing claims';
COMMENT ON COLUMN finance.disease_costs.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.disease_costs.average IS '次均费用，元。Average bill, yuan';
COMMENT ON COLUMN finance.disease_costs.average_before IS '本地上年该病种次均费用，元；账本无上年数的为空。Average of the year before in the region, yuan; null where the ledger has none';
COMMENT ON COLUMN finance.disease_costs.growth IS '次均费用增幅。Growth of the average over the year before';
COMMENT ON COLUMN finance.disease_costs.line IS '控制线（政策目标 disease_cost_growth），只问定额病种的住院。The line that the scheme states, of stays for diseases under a quota; null else';
COMMENT ON COLUMN finance.disease_costs.over_line IS '次均费用是否超过控制线（不按已舍入的增幅）。Whether the average is over the line, held exactly; null without a line or a year before';
COMMENT ON COLUMN finance.disease_costs.self_funded IS '目录外（全自费）费用，元。Costs out of the catalog, yuan';
COMMENT ON COLUMN finance.disease_costs.out_of_catalog_share IS '目录外费用占比。Share of the total out of the catalog';
COMMENT ON COLUMN finance.disease_costs.base_share IS '本地该病种2015和2016年目录外费用占比；账本没有这两年的为空。The share of 2015 and 2016 in the region; null where the ledger has neither';
COMMENT ON COLUMN finance.disease_costs.over_base IS '定额病种的目录外占比是否超过2015和2016年；无从比较的为空。Whether the share of a disease under a quota is over that of 2015 and 2016; null where there is nothing to compare';
COMMENT ON COLUMN finance.disease_costs.paid IS '各保障线支付合计，元。Paid by all layers, yuan';
COMMENT ON COLUMN finance.disease_costs.paid_share IS '实际报销比例。Share of the bills that the layers paid';
COMMENT ON COLUMN finance.disease_costs.assistance IS '其中医疗救助支付，元。Of it paid by medical assistance, yuan';
