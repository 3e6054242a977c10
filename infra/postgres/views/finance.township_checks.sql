CREATE VIEW finance.township_checks AS
SELECT year, region, township, count(*) AS households, sum(members)::bigint AS members, sum(insured)::bigint AS insured,
       sum(registered_poor)::bigint AS registered_poor, sum(with_card)::bigint AS with_card, sum(stays)::bigint AS stays,
       sum(stays_under)::bigint AS stays_under, sum(stays_at_once)::bigint AS stays_at_once,
       sum(general_visits)::bigint AS general_visits, sum(total)::numeric(16,2) AS total, sum(base)::numeric(16,2) AS base,
       sum(paid)::numeric(16,2) AS paid, round(sum(paid) / nullif(sum(base), 0), 4)::numeric(10,4) AS share,
       count(*) FILTER (WHERE stays_under > 0) AS households_under
FROM finance.household_checks
GROUP BY year, region, township;

COMMENT ON VIEW finance.township_checks IS '按乡镇汇总的核查台账（上高 二3）。finance.household_checks by township';
COMMENT ON COLUMN finance.township_checks.year IS '年度。Year';
COMMENT ON COLUMN finance.township_checks.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.township_checks.township IS '乡镇，九位。Township, nine digits';
COMMENT ON COLUMN finance.township_checks.households IS '户数。Households';
COMMENT ON COLUMN finance.township_checks.members IS '登记人数。Persons enrolled in the year';
COMMENT ON COLUMN finance.township_checks.insured IS '年末参保人数。Insured at the year''s end';
COMMENT ON COLUMN finance.township_checks.registered_poor IS '建档立卡人数。Registered poor at the year''s end';
COMMENT ON COLUMN finance.township_checks.with_card IS '持慢性病卡人数。Persons with a chronic card';
COMMENT ON COLUMN finance.township_checks.stays IS '住院人次。Stays';
COMMENT ON COLUMN finance.township_checks.stays_under IS '低于目标线的住院人次。Stays of which less was paid than the target';
COMMENT ON COLUMN finance.township_checks.stays_at_once IS '一站式结算的住院人次。Stays settled at the hospital';
COMMENT ON COLUMN finance.township_checks.general_visits IS '门诊统筹人次。General outpatient visits';
COMMENT ON COLUMN finance.township_checks.total IS '住院总费用，元。Bills of stays, yuan';
COMMENT ON COLUMN finance.township_checks.base IS '其中计入报销比例的费用，元。Of these what the share is of, yuan';
COMMENT ON COLUMN finance.township_checks.paid IS '住院各保障线支付，元。Paid of stays, yuan';
COMMENT ON COLUMN finance.township_checks.share IS '住院实际报销比例 = paid / base。Share paid of stays';
COMMENT ON COLUMN finance.township_checks.households_under IS '有住院低于目标线的户数。Households with a stay under the target';
