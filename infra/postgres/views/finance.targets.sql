-- What the hospital bears, by an audit or beyond a case quota, is nobody's to be reimbursed, nor what an audit lays on
-- the person: the base is what is left to funds and person.
CREATE VIEW finance.targets AS
SELECT asked.target, asked.year, asked.region, asked.scheme, person.person_id, person.claims,
       (measured.base / 100.0)::numeric(16,2) AS base, (measured.reached / 100.0)::numeric(16,2) AS reached,
       round(measured.reached::numeric / nullif(measured.base, 0), 4)::numeric(10,4) AS share, asked.value AS line,
       NULL::text[] AS categories
FROM projections.asked_targets AS asked
JOIN projections.person_years AS person
  ON person.year = asked.year AND person.region = asked.region AND person.scheme = asked.scheme
 AND person.setting = CASE asked.target WHEN 'chronic_reimbursement' THEN 'chronic' ELSE 'inpatient' END
 AND person.poor AND person.claims > 0
CROSS JOIN LATERAL (
    SELECT CASE asked.target WHEN 'assistance' THEN person.assistance_base
                             ELSE person.paid + person.patient_share - person.audited END AS base,
           CASE asked.target WHEN 'assistance' THEN person.assistance_in_scope ELSE person.paid END AS reached
) AS measured
-- each claim is paid to the fen, so a line between two fen is reached at the fen to which each claim's part rounds
WHERE asked.target NOT LIKE '%cost_growth' AND measured.reached + person.claims * 0.5 <= measured.base * asked.value
UNION ALL
SELECT 'enrolment', year, region, NULL, person_id, NULL, NULL, NULL, NULL, NULL, categories
FROM projections.roster_gaps;

COMMENT ON VIEW finance.targets IS '未达标人员：实际报销或救助比例低于其政策写明的目标（finance.target_values），在册未参保（应保尽保）。Persons under a target that their scheme states, and the rostered who are not enrolled, by year';
COMMENT ON COLUMN finance.targets.target IS '目标：reimbursement 住院实际报销，chronic_reimbursement 慢病门诊实际报销，assistance 医疗救助，enrolment 应保尽保。Which target';
COMMENT ON COLUMN finance.targets.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.targets.region IS '统筹区代码；未参保者为名册部门所在地。Region; of one not enrolled, that of the department that rosters him';
COMMENT ON COLUMN finance.targets.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.targets.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.targets.claims IS '按贫困人口结算的人次（住院或慢病门诊）。Inpatient or chronic claims settled while the person was poor';
COMMENT ON COLUMN finance.targets.base IS '基数：总费用（不含医院承担部分和稽核由个人承担的部分），或救助前政策范围内个人负担，元。Bills of these claims without what hospitals bear and what audits laid on the person, or what was left of their in-scope cost before assistance, yuan';
COMMENT ON COLUMN finance.targets.reached IS '已报销，或已救助（政策范围内），元。What all layers paid, or assistance of the in-scope cost, yuan';
COMMENT ON COLUMN finance.targets.share IS '比例 = reached / base。Share reached';
COMMENT ON COLUMN finance.targets.line IS '目标线：比较时按每笔费用到分舍入。The target, held to the fen to which each claim is paid';
COMMENT ON COLUMN finance.targets.categories IS '在册类别（仅应保尽保）。Categories rostered under; of target enrolment only';
