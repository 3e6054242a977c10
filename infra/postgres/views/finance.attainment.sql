CREATE VIEW finance.attainment AS
SELECT target, year, region, scheme, persons - under AS met, persons,
       round((persons - under)::numeric / persons, 4)::numeric(10,4) AS share, line
FROM (
    SELECT asked.target, asked.year, asked.region, asked.scheme,
           CASE asked.target WHEN 'assistance' THEN sums.assisted ELSE sums.persons - measured.without_base END AS persons,
           asked.value AS line, measured.under
    FROM projections.asked_targets AS asked
    JOIN projections.annual_sums AS sums
      ON sums.year = asked.year AND sums.region = asked.region AND sums.scheme = asked.scheme AND sums.poor
     AND sums.setting = CASE asked.target WHEN 'chronic_reimbursement' THEN 'chronic' ELSE 'inpatient' END
    CROSS JOIN LATERAL (
        SELECT (count(*) FILTER (WHERE person.paid + person.patient_share <= person.audited))::int AS without_base,
               (count(*) FILTER (
                   WHERE CASE asked.target WHEN 'assistance'
                              THEN person.assistance_in_scope + person.claims * 0.5
                                   <= person.assistance_base * asked.value
                              ELSE person.paid + person.claims * 0.5
                                   <= (person.paid + person.patient_share - person.audited) * asked.value END))::int AS under
        FROM projections.person_years AS person
        WHERE person.year = asked.year AND person.region = asked.region AND person.scheme = asked.scheme
          AND person.setting = sums.setting AND person.poor AND person.claims > 0
    ) AS measured
    WHERE asked.target NOT LIKE '%cost_growth'
    UNION ALL
    SELECT 'enrolment', year, region, NULL, rostered, 1.00, rostered - enrolled FROM projections.roster_years
) AS counted WHERE persons > 0;

COMMENT ON VIEW finance.attainment IS '达标情况：应保尽保，以及达到其政策写明的报销、救助目标（finance.target_values）的人数；未达标人员见 finance.targets。How many persons of how many reach each target that their scheme states, by year; the others are in finance.targets';
COMMENT ON COLUMN finance.attainment.target IS '目标：reimbursement 住院实际报销，chronic_reimbursement 慢病门诊实际报销，assistance 医疗救助，enrolment 应保尽保。Which target';
COMMENT ON COLUMN finance.attainment.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.attainment.region IS '统筹区代码；应保尽保为名册部门所在地。Region; of enrolment, that of the departments';
COMMENT ON COLUMN finance.attainment.scheme IS '政策名称。Name of the scheme; null for enrolment';
COMMENT ON COLUMN finance.attainment.met IS '达标人数。Persons who reach it';
COMMENT ON COLUMN finance.attainment.persons IS '应达标人数：有住院或慢病门诊且费用未全部由稽核计入个人或医院的贫困人员、有救助基数者、在册人员。Persons whom it concerns: poor with an inpatient or chronic claim whose bills audits did not lay wholly on them or on hospitals, those of whose cost something was left to assistance, the rostered';
COMMENT ON COLUMN finance.attainment.share IS '达标率 = met / persons。Share of them who reach it';
COMMENT ON COLUMN finance.attainment.line IS '目标线：每人应达到的比例。The target for each person';
