CREATE VIEW finance.assistance_shares AS
WITH by_layer AS (
    SELECT sums.year, sums.region, sums.scheme, sum(sums.assistance) AS assistance,
           coalesce(sum(sums.assistance) FILTER (WHERE EXISTS (
               SELECT FROM projections.named_diseases AS named
               WHERE named.scheme = sums.scheme AND named.disease = sums.disease)), 0) AS serious
    FROM projections.disease_years AS sums
    WHERE sums.claims > 0
    GROUP BY sums.year, sums.region, sums.scheme
), by_grant AS (
    SELECT year, region, scheme, sum(amount) AS granted FROM projections.fund_bookings
    WHERE line = 'grants' AND fund = 'assistance_fund' GROUP BY year, region, scheme
), years AS (
    SELECT year, region, scheme, coalesce(assistance, 0) + coalesce(granted, 0) AS assistance,
           coalesce(granted, 0) AS granted, coalesce(serious, 0) + coalesce(granted, 0) AS serious
    FROM by_layer FULL JOIN by_grant USING (year, region, scheme)
)
SELECT years.year, years.region, years.scheme, (years.assistance / 100.0)::numeric(16,2) AS assistance,
       (years.granted / 100.0)::numeric(16,2) AS granted, (years.serious / 100.0)::numeric(16,2) AS serious,
       round(years.serious / nullif(years.assistance, 0), 4)::numeric(10,4) AS share,
       round(before.serious / nullif(before.assistance, 0), 4)::numeric(10,4) AS share_before
FROM years
LEFT JOIN years AS before
       ON before.year = years.year - 1 AND before.region = years.region AND before.scheme = years.scheme
WHERE years.assistance > 0;

COMMENT ON VIEW finance.assistance_shares IS '重特大疾病医疗救助支出占比：占全部医疗救助支出（长治三(三)），单位元。Share of serious diseases in all medical assistance, in yuan';
COMMENT ON COLUMN finance.assistance_shares.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.assistance_shares.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.assistance_shares.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.assistance_shares.assistance IS '医疗救助支出：保障线医疗救助，加医疗救助资金出的补助，元。Layer assistance, and grants out of the assistance fund, yuan';
COMMENT ON COLUMN finance.assistance_shares.granted IS '其中补助（大病关怀救助等），元。Of it grants, yuan';
COMMENT ON COLUMN finance.assistance_shares.serious IS '其中重特大疾病：政策的医疗救助、病种定额或补助点名的病种，及上述补助，元。Of it for diseases that the text in force names for assistance, a case quota or a grant, and these grants, yuan';
COMMENT ON COLUMN finance.assistance_shares.share IS '占比 = serious / assistance。Share';
COMMENT ON COLUMN finance.assistance_shares.share_before IS '上年占比；账本无上年数的为空。Share of the year before; null where the ledger has none';
