-- 上高 二3 as a list: of each household of the registered poor in a year who is insured, who has a chronic card, how much of the
-- stays was paid. A household is that of the enrolment of the year. A stay is held against the line that its scheme states,
-- or 90% where it states none, to the fen; that of somebody who was on no roster is held against nothing. What is held
-- against it is what finance.targets holds: the bill without what the hospital bears or an audit lays on the person.
CREATE VIEW finance.household_checks AS
WITH homes AS (
    SELECT year, region, person_id, township, village, household_id,
           effective_on <= make_date(year, 12, 31) AND coalesce(ended_on, 'infinity') > make_date(year, 12, 31)
             AND coalesce(died_on, 'infinity') >= make_date(year, 12, 31) AS insured,
           coalesce(died_on, 'infinity') >= make_date(year, 12, 31) AS present
    FROM projections.enrolments WHERE household_id IS NOT NULL
    UNION ALL
    -- who moved to another region within the year: the stays that this one settled, and the household that they name
    SELECT * FROM (
        SELECT DISTINCT ON (statement.year, statement.region, statement.person_id)
               statement.year, statement.region, statement.person_id, NULL, NULL, claim.household_id, false, false
        FROM projections.statements AS statement JOIN projections.claims AS claim USING (claim_id)
        WHERE statement.status = 'settled' AND claim.household_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM projections.enrolments AS home
            WHERE home.person_id = statement.person_id AND home.year = statement.year AND home.region = statement.region)
        ORDER BY statement.year, statement.region, statement.person_id, statement.number DESC
    ) AS moved
), poor AS (
    SELECT homes.year, homes.person_id, coalesce(roster.categories, '{}') AS categories
    FROM homes
    LEFT JOIN LATERAL (
        SELECT array_agg(category ORDER BY category) AS categories FROM (
            SELECT DISTINCT ON (category) category, added FROM projections.rosters
            WHERE rosters.person_id = homes.person_id AND rosters.effective_on <= make_date(homes.year, 12, 31)
            ORDER BY category, effective_on DESC, number DESC
        ) AS last WHERE added
    ) AS roster ON true
    WHERE homes.present
), carded AS (
    SELECT DISTINCT homes.year, homes.person_id
    FROM homes JOIN projections.cards AS card USING (person_id)
    WHERE homes.present AND card.issued AND card.effective_on <= make_date(homes.year, 12, 31)
      AND NOT EXISTS (SELECT FROM projections.cards AS later
                      WHERE later.person_id = card.person_id AND later.disease = card.disease AND NOT later.issued
                        AND later.number > card.number AND later.effective_on >= card.effective_on
                        AND later.effective_on <= make_date(homes.year, 12, 31))
), claims AS (
    SELECT claim.year, claim.region, claim.person_id, claim.setting, claim.payee, claim.total, claim.categories,
           claim.total - claim.hospital_share - claim.audited_person AS base,
           (SELECT coalesce(sum((layer ->> 1)::bigint), 0) FROM jsonb_array_elements(claim.layers) AS layer) AS paid,
           coalesce(asked.value, 0.90) AS line
    FROM projections.statements AS claim
    LEFT JOIN projections.asked_targets AS asked
      ON asked.year = claim.year AND asked.region = claim.region AND asked.scheme = claim.scheme
     AND asked.target = 'reimbursement'
    WHERE claim.status = 'settled'
), used AS (
    SELECT year, region, person_id, count(*) FILTER (WHERE setting = 'inpatient') AS stays,
           count(*) FILTER (WHERE setting = 'inpatient' AND categories <> '{}'
                              AND paid + 0.5 <= base * line) AS stays_under,
           count(*) FILTER (WHERE setting = 'inpatient' AND payee = 'hospital') AS stays_at_once,
           count(*) FILTER (WHERE setting = 'general') AS general_visits,
           sum(total) FILTER (WHERE setting = 'inpatient') AS total,
           sum(base) FILTER (WHERE setting = 'inpatient') AS base, sum(paid) FILTER (WHERE setting = 'inpatient') AS paid
    FROM claims GROUP BY year, region, person_id
)
SELECT homes.year, homes.region, homes.township, homes.village, homes.household_id,
       count(*) AS members, count(*) FILTER (WHERE homes.insured) AS insured,
       count(*) FILTER (WHERE 'registered_poor' = ANY (poor.categories)) AS registered_poor,
       count(*) FILTER (WHERE poor.categories <> '{}') AS rostered,
       count(carded.person_id) AS with_card,
       coalesce(sum(used.stays), 0)::bigint AS stays, coalesce(sum(used.stays_under), 0)::bigint AS stays_under,
       coalesce(sum(used.stays_at_once), 0)::bigint AS stays_at_once,
       coalesce(sum(used.general_visits), 0)::bigint AS general_visits,
       (coalesce(sum(used.total), 0) / 100.0)::numeric(16,2) AS total,
       (coalesce(sum(used.base), 0) / 100.0)::numeric(16,2) AS base,
       (coalesce(sum(used.paid), 0) / 100.0)::numeric(16,2) AS paid,
       round(sum(used.paid) / nullif(sum(used.base), 0), 4)::numeric(10,4) AS share,
       array_agg(homes.person_id ORDER BY homes.person_id) AS persons
FROM homes
LEFT JOIN poor ON homes.present AND poor.year = homes.year AND poor.person_id = homes.person_id
LEFT JOIN carded ON homes.present AND carded.year = homes.year AND carded.person_id = homes.person_id
LEFT JOIN used ON used.year = homes.year AND used.region = homes.region AND used.person_id = homes.person_id
GROUP BY homes.year, homes.region, homes.township, homes.village, homes.household_id;

COMMENT ON VIEW finance.household_checks IS '按户核查台账（上高 二3）：参保、慢性病卡、住院报销比例、一站式结算、门诊统筹。Households of a year: who is insured, cards, what was paid of stays';
COMMENT ON COLUMN finance.household_checks.year IS '年度。Year';
COMMENT ON COLUMN finance.household_checks.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.household_checks.township IS '乡镇，九位；年内迁往外地的人为空。Township, nine digits; null of who moved to another region within the year';
COMMENT ON COLUMN finance.household_checks.village IS '村，十二位。Village, twelve digits';
COMMENT ON COLUMN finance.household_checks.household_id IS '户编号。Household';
COMMENT ON COLUMN finance.household_checks.members IS '登记人数。Persons enrolled in the year';
COMMENT ON COLUMN finance.household_checks.insured IS '年末参保人数。Of these insured at the year''s end';
COMMENT ON COLUMN finance.household_checks.registered_poor IS '建档立卡人数（年末）。Registered poor at the year''s end';
COMMENT ON COLUMN finance.household_checks.rostered IS '在册人数（年末，任一类别）。On any roster at the year''s end';
COMMENT ON COLUMN finance.household_checks.with_card IS '持慢性病卡人数（年末）。Persons with a chronic card at the year''s end';
COMMENT ON COLUMN finance.household_checks.stays IS '住院人次。Stays';
COMMENT ON COLUMN finance.household_checks.stays_under IS '报销比例低于目标线的住院人次；政策未写明目标的按 90%。Stays of rostered persons of which less was paid than the scheme''s target, or 90% where it states none';
COMMENT ON COLUMN finance.household_checks.stays_at_once IS '一站式结算的住院人次（医院直接结算）。Stays settled at the hospital';
COMMENT ON COLUMN finance.household_checks.general_visits IS '门诊统筹人次。General outpatient visits';
COMMENT ON COLUMN finance.household_checks.total IS '住院总费用，元。Bills of stays, yuan';
COMMENT ON COLUMN finance.household_checks.base IS '其中计入报销比例的费用：不含医院承担部分和稽核由个人承担的部分，元。Of these what the share is of: without what hospitals bear and what audits laid on the person, yuan';
COMMENT ON COLUMN finance.household_checks.paid IS '住院各保障线支付，元。Paid of stays, yuan';
COMMENT ON COLUMN finance.household_checks.share IS '住院实际报销比例 = paid / base。Share paid of stays';
COMMENT ON COLUMN finance.household_checks.persons IS '成员编号。Its persons';
