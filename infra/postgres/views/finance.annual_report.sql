CREATE VIEW finance.annual_report AS
SELECT sums.year, sums.region, sums.scheme, sums.setting, sums.poor, sums.claims, sums.persons,
       (sums.total / 100.0)::numeric(16,2) AS total,
       (coalesce(paid."{layer}", 0) / 100.0)::numeric(16,2) AS "{layer}",
       coalesce(paid.layers, jsonb_build_object()) AS layers,
       (sums.paid / 100.0)::numeric(16,2) AS paid,
       (sums.patient_share / 100.0)::numeric(16,2) AS patient_share,
       (sums.hospital_share / 100.0)::numeric(16,2) AS hospital_share,
       round(sums.paid::numeric / nullif(sums.total, 0), 4)::numeric(10,4) AS paid_share
FROM projections.annual_sums AS sums
CROSS JOIN LATERAL (
    SELECT
        sum(layers.paid) FILTER (WHERE layers.layer = '{layer}') AS "{layer}",
        jsonb_object_agg(layers.layer, (layers.paid / 100.0)::numeric(16,2)::text) AS layers
    FROM projections.annual_layers AS layers
    WHERE layers.year = sums.year AND layers.region = sums.region AND layers.scheme = sums.scheme
      AND layers.setting = sums.setting AND layers.poor = sums.poor
) AS paid
WHERE sums.claims > 0;

COMMENT ON VIEW finance.annual_report IS '年度报表：每年每种就医类型的人次、人数、各保障线支付和实际报销比例，单位元（上高县2019年总结二2的格式）。Standing claims by year, in the form of 上高 2019 二2, in yuan';
COMMENT ON COLUMN finance.annual_report.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.annual_report.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.annual_report.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.annual_report.setting IS '就医类型。Setting';
COMMENT ON COLUMN finance.annual_report.poor IS '是否按贫困人口结算。Whether the scheme''s preferences for the poor held';
COMMENT ON COLUMN finance.annual_report.claims IS '补偿人次。Standing claims';
COMMENT ON COLUMN finance.annual_report.persons IS '补偿人数（本行内不重复）。Persons, each once in this row';
COMMENT ON COLUMN finance.annual_report.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.annual_report.{layer} IS '{name}支付，元。Paid by {words}, yuan';
COMMENT ON COLUMN finance.annual_report.layers IS '各保障线支付，按代码，元，含政策自定的保障线。Paid by each layer, by its code, yuan: also those that a scheme brings';
COMMENT ON COLUMN finance.annual_report.paid IS '各保障线支付合计，元。Sum of all layers, yuan';
COMMENT ON COLUMN finance.annual_report.patient_share IS '个人负担，元。Patient share, yuan';
COMMENT ON COLUMN finance.annual_report.hospital_share IS '医院承担，元。Hospital share, yuan';
COMMENT ON COLUMN finance.annual_report.paid_share IS '实际报销比例 = paid / total。Share of the bills that the layers paid';
