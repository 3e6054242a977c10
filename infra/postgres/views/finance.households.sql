CREATE VIEW finance.households AS
WITH members AS (
    SELECT year, region, household_id, count(*) AS members, max(coalesce(township, left(village, 9))) AS township,
           max(village) AS village
    FROM projections.enrolments WHERE household_id IS NOT NULL
    GROUP BY year, region, household_id
), spent AS (
    SELECT place.year, place.region, place.household_id, count(DISTINCT sums.person_id) AS persons,
           sum(sums.claims) AS claims, sum(sums.total) AS total, sum(sums.paid) AS paid,
           sum(sums.patient_share) AS patient_share,
           coalesce(sum(sums.claims) FILTER (WHERE stay.poor), 0) AS stays,
           sum(sums.total - sums.audited) FILTER (WHERE stay.poor) AS base,
           sum(sums.paid) FILTER (WHERE stay.poor) AS reached,
           min(asked.value) AS line,
           count(DISTINCT sums.person_id) FILTER (
               WHERE stay.poor AND sums.paid + sums.claims * 0.5 <= (sums.total - sums.audited) * asked.value
           ) AS members_under
    FROM projections.enrolments AS place
    JOIN projections.person_years AS sums
      ON sums.person_id = place.person_id AND sums.year = place.year AND sums.region = place.region AND sums.claims > 0
    CROSS JOIN LATERAL (SELECT sums.setting = 'inpatient' AND sums.poor AS poor) AS stay
    LEFT JOIN projections.asked_targets AS asked
           ON stay.poor AND asked.target = 'reimbursement' AND asked.year = sums.year AND asked.region = sums.region
          AND asked.scheme = sums.scheme
    WHERE place.household_id IS NOT NULL
    GROUP BY place.year, place.region, place.household_id
)
SELECT members.year, members.region, members.township, members.village, members.household_id, members.members,
       spent.persons, spent.claims::bigint AS claims, (spent.total / 100.0)::numeric(16,2) AS total,
       (spent.paid / 100.0)::numeric(16,2) AS paid, (spent.patient_share / 100.0)::numeric(16,2) AS patient_share,
       round(spent.paid / nullif(spent.total, 0), 4)::numeric(10,4) AS paid_share, spent.stays::bigint AS stays,
       (spent.base / 100.0)::numeric(16,2) AS base, (spent.reached / 100.0)::numeric(16,2) AS reached,
       round(spent.reached / nullif(spent.base, 0), 4)::numeric(10,4) AS share, spent.line,
       coalesce(spent.reached + spent.stays * 0.5 <= spent.base * spent.line, false) AS under, spent.members_under
FROM spent JOIN members USING (year, region, household_id);

COMMENT ON VIEW finance.households IS '家庭：每年每户的费用、支付和个人负担，及贫困人口住院报销是否达到目标（上高二3），单位元。Households with claims by year: costs, what was paid, and whether the stays of their poor reach the target, in yuan';
COMMENT ON COLUMN finance.households.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.households.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.households.township IS '乡镇（街道）代码，未登记的为空。Township of the year''s enrollment; null where none is stated';
COMMENT ON COLUMN finance.households.village IS '村（社区）代码，未登记的为空。Village; null where none is stated';
COMMENT ON COLUMN finance.households.household_id IS '户编号，以当年参保登记为准。Household of the year''s enrollment';
COMMENT ON COLUMN finance.households.members IS '参保人口数。Members enrolled for the year';
COMMENT ON COLUMN finance.households.persons IS '就医人数。Members with a standing claim';
COMMENT ON COLUMN finance.households.claims IS '人次。Standing claims';
COMMENT ON COLUMN finance.households.total IS '医疗费总额，元。Total bills, yuan';
COMMENT ON COLUMN finance.households.paid IS '各保障线支付合计，元。Paid by all layers, yuan';
COMMENT ON COLUMN finance.households.patient_share IS '个人负担，元。Patient shares, yuan';
COMMENT ON COLUMN finance.households.paid_share IS '实际报销比例。Share of the bills that the layers paid';
COMMENT ON COLUMN finance.households.stays IS '按贫困人口结算的住院人次。Stays settled while their person was poor';
COMMENT ON COLUMN finance.households.base IS '其费用（不含稽核由个人承担的部分），元。Their bills without what audits laid on the person, yuan';
COMMENT ON COLUMN finance.households.reached IS '其已报销，元。What all layers paid of these, yuan';
COMMENT ON COLUMN finance.households.share IS '住院实际报销比例 = reached / base。Share reached';
COMMENT ON COLUMN finance.households.line IS '目标线；政策未写明的为空。The target; null where the scheme states none';
COMMENT ON COLUMN finance.households.under IS '全户合计是否低于目标线（按每笔费用到分舍入比较）。Whether the household as a whole is under it, held to the fen to which each claim is paid';
COMMENT ON COLUMN finance.households.members_under IS '其中低于目标线的人数。Members under it, each by the own stays';
