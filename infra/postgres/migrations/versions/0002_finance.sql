CREATE TABLE projections.counted_journals (
	journal TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	as_of TIMESTAMP WITH TIME ZONE, 
	PRIMARY KEY (journal)
);
COMMENT ON TABLE projections.counted_journals IS 'how far the sums for finance have counted';
COMMENT ON COLUMN projections.counted_journals.number IS 'the last entry counted';
COMMENT ON COLUMN projections.counted_journals.as_of IS 'when the sums last held all that was in the ledger';

CREATE TABLE projections.counted_claims (
	claim_id TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	setting TEXT NOT NULL, 
	poor BOOLEAN NOT NULL, 
	person_id TEXT NOT NULL, 
	hospital_id TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	self_funded BIGINT NOT NULL, 
	basic BIGINT NOT NULL, 
	critical_illness BIGINT NOT NULL, 
	assistance BIGINT NOT NULL, 
	supplementary BIGINT NOT NULL, 
	basic_second BIGINT NOT NULL, 
	backstop BIGINT NOT NULL, 
	public_health BIGINT NOT NULL, 
	patient_share BIGINT NOT NULL, 
	hospital_share BIGINT NOT NULL, 
	assistance_base BIGINT NOT NULL, 
	assistance_in_scope BIGINT NOT NULL, 
	PRIMARY KEY (claim_id)
);
COMMENT ON TABLE projections.counted_claims IS 'standing claims as they were last counted into the sums';
COMMENT ON COLUMN projections.counted_claims.region IS 'of the person';
COMMENT ON COLUMN projections.counted_claims.scheme IS 'name';
COMMENT ON COLUMN projections.counted_claims.total IS 'fen; so all amounts';
COMMENT ON COLUMN projections.counted_claims.assistance_base IS 'in-scope cost left when assistance came to decide';
COMMENT ON COLUMN projections.counted_claims.assistance_in_scope IS 'what assistance paid of it';

CREATE TABLE projections.fund_flows (
	month TEXT NOT NULL, 
	region TEXT NOT NULL, 
	setting TEXT NOT NULL, 
	layer TEXT NOT NULL, 
	decided BIGINT NOT NULL, 
	adjusted BIGINT NOT NULL, 
	bookings INTEGER NOT NULL, 
	PRIMARY KEY (month, region, setting, layer)
);
COMMENT ON TABLE projections.fund_flows IS 'sums of booked payouts and grants';
COMMENT ON COLUMN projections.fund_flows.month IS 'of booking, YYYY-MM in Asia/Shanghai';
COMMENT ON COLUMN projections.fund_flows.region IS 'of the person';
COMMENT ON COLUMN projections.fund_flows.layer IS 'or grant';
COMMENT ON COLUMN projections.fund_flows.decided IS 'fen';
COMMENT ON COLUMN projections.fund_flows.adjusted IS 'fen';

CREATE TABLE projections.annual_sums (
	year SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	setting TEXT NOT NULL, 
	poor BOOLEAN NOT NULL, 
	claims INTEGER NOT NULL, 
	persons INTEGER NOT NULL, 
	assisted INTEGER NOT NULL, 
	total BIGINT NOT NULL, 
	basic BIGINT NOT NULL, 
	critical_illness BIGINT NOT NULL, 
	assistance BIGINT NOT NULL, 
	supplementary BIGINT NOT NULL, 
	basic_second BIGINT NOT NULL, 
	backstop BIGINT NOT NULL, 
	public_health BIGINT NOT NULL, 
	patient_share BIGINT NOT NULL, 
	hospital_share BIGINT NOT NULL, 
	PRIMARY KEY (year, region, scheme, setting, poor)
);
COMMENT ON TABLE projections.annual_sums IS 'sums over counted claims';
COMMENT ON COLUMN projections.annual_sums.assisted IS 'persons of whose cost something was left to assistance';
COMMENT ON COLUMN projections.annual_sums.total IS 'fen; so all amounts';

CREATE TABLE projections.hospital_years (
	year SMALLINT NOT NULL, 
	hospital_id TEXT NOT NULL, 
	claims INTEGER NOT NULL, 
	total BIGINT NOT NULL, 
	self_funded BIGINT NOT NULL, 
	stays INTEGER NOT NULL, 
	stays_total BIGINT NOT NULL, 
	PRIMARY KEY (year, hospital_id)
);
COMMENT ON TABLE projections.hospital_years IS 'sums over counted claims';
COMMENT ON COLUMN projections.hospital_years.total IS 'fen';
COMMENT ON COLUMN projections.hospital_years.self_funded IS 'fen';
COMMENT ON COLUMN projections.hospital_years.stays IS 'inpatient claims';
COMMENT ON COLUMN projections.hospital_years.stays_total IS 'fen';

CREATE TABLE projections.person_years (
	year SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	setting TEXT NOT NULL, 
	poor BOOLEAN NOT NULL, 
	person_id TEXT NOT NULL, 
	claims INTEGER NOT NULL, 
	total BIGINT NOT NULL, 
	paid BIGINT NOT NULL, 
	assistance_base BIGINT NOT NULL, 
	assistance_in_scope BIGINT NOT NULL, 
	PRIMARY KEY (year, region, scheme, setting, poor, person_id)
);
CREATE INDEX person_years_under_70 ON projections.person_years (year, region, scheme) WHERE poor AND setting = 'inpatient' AND claims > 0 AND assistance_in_scope * 10 < assistance_base * 7;
CREATE INDEX person_years_under_90 ON projections.person_years (year, region, scheme) WHERE poor AND setting = 'inpatient' AND claims > 0 AND paid * 10 < total * 9;
COMMENT ON TABLE projections.person_years IS 'sums over counted claims';
COMMENT ON COLUMN projections.person_years.total IS 'fen';
COMMENT ON COLUMN projections.person_years.paid IS 'fen, by all layers';
COMMENT ON COLUMN projections.person_years.assistance_base IS 'fen';
COMMENT ON COLUMN projections.person_years.assistance_in_scope IS 'fen';

CREATE TABLE projections.roster_gaps (
	year SMALLINT NOT NULL, 
	person_id TEXT NOT NULL, 
	region TEXT NOT NULL, 
	categories TEXT[] NOT NULL, 
	PRIMARY KEY (year, person_id)
);
CREATE INDEX roster_gaps_region ON projections.roster_gaps (year, region);
COMMENT ON TABLE projections.roster_gaps IS 'rostered on some day of a year and not enrolled for it';
COMMENT ON COLUMN projections.roster_gaps.region IS 'that the department serves which spoke last';

CREATE TABLE projections.roster_years (
	year SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	rostered INTEGER NOT NULL, 
	enrolled INTEGER NOT NULL, 
	PRIMARY KEY (year, region)
);
COMMENT ON TABLE projections.roster_years IS 'how many of the rostered are enrolled; the others are in roster_gaps';
COMMENT ON COLUMN projections.roster_years.region IS 'that the departments serve';
COMMENT ON COLUMN projections.roster_years.rostered IS 'persons on some day of the year';
COMMENT ON COLUMN projections.roster_years.enrolled IS 'of these, for the year';

CREATE VIEW finance.freshness AS
SELECT min(as_of) AS as_of, sum(number)::bigint AS entries FROM projections.counted_journals;

COMMENT ON VIEW finance.freshness IS '统计截止：以下各报表计入账目的时间。How far the sums behind the reports have counted; null until they first have';

COMMENT ON COLUMN finance.freshness.as_of IS '统计截止时间。When the sums last held everything in the ledger';

COMMENT ON COLUMN finance.freshness.entries IS '已计入的账目数。Entries counted';

CREATE VIEW finance.fund_flows AS
SELECT month, region, setting, layer, (decided / 100.0)::numeric(16,2) AS decided, (adjusted / 100.0)::numeric(16,2) AS adjusted,
       ((decided + adjusted) / 100.0)::numeric(16,2) AS net, bookings
FROM projections.fund_flows;

COMMENT ON VIEW finance.fund_flows IS '基金流向：每月每条保障线的支付和调整，单位元。What was booked by month, region, setting and layer, in yuan; sums to the ledger to the fen';

COMMENT ON COLUMN finance.fund_flows.month IS '入账月份（北京时间）。Month of booking, YYYY-MM in Asia/Shanghai';

COMMENT ON COLUMN finance.fund_flows.region IS '统筹区代码。Region of the person, GB/T 2260';

COMMENT ON COLUMN finance.fund_flows.setting IS '就医类型。Setting';

COMMENT ON COLUMN finance.fund_flows.layer IS '保障线，或 grant（补助）。Layer, or grant';

COMMENT ON COLUMN finance.fund_flows.decided IS '首次结算支付（含发放的补助），元。Decided, grants awarded among it, yuan';

COMMENT ON COLUMN finance.fund_flows.adjusted IS '事后调整（含收回的补助），元。Adjusted, grants withdrawn among it, yuan';

COMMENT ON COLUMN finance.fund_flows.net IS '净额，元。Decided and adjusted, yuan';

COMMENT ON COLUMN finance.fund_flows.bookings IS '入账笔数。Number of bookings';

CREATE VIEW finance.annual_report AS
SELECT year, region, scheme, setting, poor, claims, persons, (total / 100.0)::numeric(16,2) AS total,
       (basic / 100.0)::numeric(16,2) AS basic, (critical_illness / 100.0)::numeric(16,2) AS critical_illness,
       (assistance / 100.0)::numeric(16,2) AS assistance, (supplementary / 100.0)::numeric(16,2) AS supplementary,
       (basic_second / 100.0)::numeric(16,2) AS basic_second, (backstop / 100.0)::numeric(16,2) AS backstop,
       (public_health / 100.0)::numeric(16,2) AS public_health,
       ((basic + critical_illness + assistance + supplementary + basic_second + backstop + public_health) / 100.0)::numeric(16,2) AS paid,
       (patient_share / 100.0)::numeric(16,2) AS patient_share, (hospital_share / 100.0)::numeric(16,2) AS hospital_share,
       round((basic + critical_illness + assistance + supplementary + basic_second + backstop + public_health)::numeric / nullif(total, 0), 4)::numeric(10,4) AS paid_share
FROM projections.annual_sums WHERE claims > 0;

COMMENT ON VIEW finance.annual_report IS '年度报表：每年每种就医类型的人次、人数、各保障线支付和实际报销比例，单位元（上高县2019年总结二2的格式）。Standing claims by year, in the form of 上高 2019 二2, in yuan';

COMMENT ON COLUMN finance.annual_report.year IS '待遇年度。Benefit year';

COMMENT ON COLUMN finance.annual_report.region IS '统筹区代码。Region of the person, GB/T 2260';

COMMENT ON COLUMN finance.annual_report.scheme IS '政策名称。Name of the scheme';

COMMENT ON COLUMN finance.annual_report.setting IS '就医类型。Setting';

COMMENT ON COLUMN finance.annual_report.poor IS '是否按贫困人口结算。Whether the scheme''s preferences for the poor held';

COMMENT ON COLUMN finance.annual_report.claims IS '补偿人次。Standing claims';

COMMENT ON COLUMN finance.annual_report.persons IS '补偿人数（本行内不重复）。Persons, each once in this row';

COMMENT ON COLUMN finance.annual_report.total IS '医疗费总额，元。Total bills, yuan';

COMMENT ON COLUMN finance.annual_report.basic IS '基本医保支付，元。Paid by basic insurance, yuan';

COMMENT ON COLUMN finance.annual_report.critical_illness IS '大病保险支付，元。Paid by critical-illness insurance, yuan';

COMMENT ON COLUMN finance.annual_report.assistance IS '医疗救助支付，元。Paid by medical assistance, yuan';

COMMENT ON COLUMN finance.annual_report.supplementary IS '补充保险支付，元。Paid by supplementary insurance, yuan';

COMMENT ON COLUMN finance.annual_report.basic_second IS '基本医保二次报销支付，元。Paid by second basic reimbursement, yuan';

COMMENT ON COLUMN finance.annual_report.backstop IS '兜底支付，元。Paid by fiscal backstop, yuan';

COMMENT ON COLUMN finance.annual_report.public_health IS '重大公共卫生项目支付，元。Paid by public health projects, yuan';

COMMENT ON COLUMN finance.annual_report.paid IS '各保障线支付合计，元。Sum of all layers, yuan';

COMMENT ON COLUMN finance.annual_report.patient_share IS '个人负担，元。Patient share, yuan';

COMMENT ON COLUMN finance.annual_report.hospital_share IS '医院承担，元。Hospital share, yuan';

COMMENT ON COLUMN finance.annual_report.paid_share IS '实际报销比例 = paid / total。Share of the bills that the layers paid';

CREATE VIEW finance.hospital_costs AS
SELECT sums.year, sums.hospital_id, hospital.name, hospital.region, hospital.tier, sums.claims, (sums.total / 100.0)::numeric(16,2) AS total,
       round((sums.total - before.total)::numeric / nullif(before.total, 0), 4)::numeric(10,4) AS growth,
       coalesce(sums.total * 10 > before.total * 11, false) AS over_line,
       sums.stays, (sums.stays_total / 100.0 / nullif(sums.stays, 0))::numeric(16,2) AS average_stay,
       round(sums.stays_total::numeric * before.stays / nullif(before.stays_total::numeric * sums.stays, 0) - 1,
             4)::numeric(10,4) AS average_stay_growth,
       (sums.self_funded / 100.0)::numeric(16,2) AS self_funded, round(sums.self_funded::numeric / nullif(sums.total, 0), 4)::numeric(10,4) AS out_of_catalog_share
FROM projections.hospital_years AS sums
LEFT JOIN projections.hospital_years AS before
       ON before.year = sums.year - 1 AND before.hospital_id = sums.hospital_id AND before.claims > 0
LEFT JOIN projections.hospitals AS hospital ON hospital.hospital_id = sums.hospital_id
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

COMMENT ON COLUMN finance.hospital_costs.over_line IS '增幅是否超过10%（安义二(九)）。Whether the growth is over 10%';

COMMENT ON COLUMN finance.hospital_costs.stays IS '住院人次。Inpatient claims';

COMMENT ON COLUMN finance.hospital_costs.average_stay IS '次均住院费用，元。Average bill of a stay, yuan';

COMMENT ON COLUMN finance.hospital_costs.average_stay_growth IS '次均住院费用比上年增长。Growth of the average stay over the year before';

COMMENT ON COLUMN finance.hospital_costs.self_funded IS '目录外（全自费）费用，元。Costs out of the catalog, yuan';

COMMENT ON COLUMN finance.hospital_costs.out_of_catalog_share IS '目录外费用占比。Share of the total out of the catalog';

CREATE VIEW finance.targets AS
SELECT 'reimbursement' AS target, year, region, scheme, person_id, claims,
       (total / 100.0)::numeric(16,2) AS base, (paid / 100.0)::numeric(16,2) AS reached,
       round(paid::numeric / nullif(total, 0), 4)::numeric(10,4) AS share, 0.90::numeric(3,2) AS line,
       NULL::text[] AS categories
FROM projections.person_years WHERE poor AND setting = 'inpatient' AND claims > 0 AND paid * 10 < total * 9
UNION ALL
SELECT 'assistance' AS target, year, region, scheme, person_id, claims,
       (assistance_base / 100.0)::numeric(16,2) AS base, (assistance_in_scope / 100.0)::numeric(16,2) AS reached,
       round(assistance_in_scope::numeric / nullif(assistance_base, 0), 4)::numeric(10,4) AS share, 0.70::numeric(3,2) AS line,
       NULL::text[] AS categories
FROM projections.person_years WHERE poor AND setting = 'inpatient' AND claims > 0 AND assistance_in_scope * 10 < assistance_base * 7
UNION ALL
SELECT 'enrolment', year, region, NULL, person_id, NULL, NULL, NULL, NULL, NULL, categories
FROM projections.roster_gaps;

COMMENT ON VIEW finance.targets IS '未达标人员：住院实际报销比例低于90%，救助比例低于70%（抚松三(二)6、7），在册未参保（应保尽保）。Persons under a target, by year';

COMMENT ON COLUMN finance.targets.target IS '目标：reimbursement 实际报销90%，assistance 救助70%，enrolment 应保尽保。Which target';

COMMENT ON COLUMN finance.targets.year IS '待遇年度。Benefit year';

COMMENT ON COLUMN finance.targets.region IS '统筹区代码；未参保者为名册部门所在地。Region; of one not enrolled, that of the department that rosters him';

COMMENT ON COLUMN finance.targets.scheme IS '政策名称。Name of the scheme';

COMMENT ON COLUMN finance.targets.person_id IS '参保人编号。Pseudonymous number of the insured';

COMMENT ON COLUMN finance.targets.claims IS '按贫困人口结算的住院人次。Stays settled while he was poor';

COMMENT ON COLUMN finance.targets.base IS '基数：总费用，或救助前政策范围内个人自付，元。Total of these stays, or what was left of their in-scope cost before assistance, yuan';

COMMENT ON COLUMN finance.targets.reached IS '已报销，或已救助（政策范围内），元。What all layers paid, or assistance of the in-scope cost, yuan';

COMMENT ON COLUMN finance.targets.share IS '比例 = reached / base。Share reached';

COMMENT ON COLUMN finance.targets.line IS '目标线。The target';

COMMENT ON COLUMN finance.targets.categories IS '在册类别（仅应保尽保）。Categories rostered under; of target enrolment only';

CREATE VIEW finance.attainment AS
SELECT target, year, region, scheme, persons - under AS met, persons,
       round((persons - under)::numeric / persons, 4)::numeric(10,4) AS share, line
FROM (
    SELECT 'reimbursement' AS target, year, region, scheme, persons, 0.90::numeric(3,2) AS line,
           (SELECT count(*)::int FROM projections.person_years AS person
            WHERE person.year = sums.year AND person.region = sums.region AND person.scheme = sums.scheme
              AND person.poor AND person.setting = 'inpatient' AND person.claims > 0
              AND person.paid * 10 < person.total * 9) AS under
    FROM projections.annual_sums AS sums WHERE poor AND setting = 'inpatient'
    UNION ALL
    SELECT 'assistance', year, region, scheme, assisted, 0.70,
           (SELECT count(*)::int FROM projections.person_years AS person
            WHERE person.year = sums.year AND person.region = sums.region AND person.scheme = sums.scheme
              AND person.poor AND person.setting = 'inpatient' AND person.claims > 0
              AND person.assistance_in_scope * 10 < person.assistance_base * 7)
    FROM projections.annual_sums AS sums WHERE poor AND setting = 'inpatient'
    UNION ALL
    SELECT 'enrolment', year, region, NULL, rostered, 1.00, rostered - enrolled FROM projections.roster_years
) AS counted WHERE persons > 0;

COMMENT ON VIEW finance.attainment IS '达标情况：应保尽保、住院实际报销比例达90%、救助比例达70%的人数（抚松三(一)3、三(二)6、7），未达标人员见 finance.targets。How many persons of how many reach each target, by year; the others are in finance.targets';

COMMENT ON COLUMN finance.attainment.target IS '目标：reimbursement 实际报销90%，assistance 救助70%，enrolment 应保尽保。Which target';

COMMENT ON COLUMN finance.attainment.year IS '待遇年度。Benefit year';

COMMENT ON COLUMN finance.attainment.region IS '统筹区代码；应保尽保为名册部门所在地。Region; of enrolment, that of the departments';

COMMENT ON COLUMN finance.attainment.scheme IS '政策名称。Name of the scheme; null for enrolment';

COMMENT ON COLUMN finance.attainment.met IS '达标人数。Persons who reach it';

COMMENT ON COLUMN finance.attainment.persons IS '应达标人数：贫困住院人员、有救助基数者、在册人员。Persons whom it concerns: poor with a stay, those of whose cost something was left to assistance, the rostered';

COMMENT ON COLUMN finance.attainment.share IS '达标率 = met / persons。Share of them who reach it';

COMMENT ON COLUMN finance.attainment.line IS '目标线：每人应达到的比例。The target for each person';

CREATE VIEW finance.cost_growth AS
WITH years AS (
    SELECT year, region, sum(total) AS total FROM projections.annual_sums WHERE claims > 0 GROUP BY year, region
)
SELECT years.year, years.region, (years.total / 100.0)::numeric(16,2) AS total,
       (before.total / 100.0)::numeric(16,2) AS total_before,
       round((years.total - before.total) / nullif(before.total, 0), 4)::numeric(10,4) AS growth,
       0.10::numeric(3,2) AS line, coalesce(years.total * 10 > before.total * 11, false) AS over_line
FROM years LEFT JOIN years AS before ON before.year = years.year - 1 AND before.region = years.region;

COMMENT ON VIEW finance.cost_growth IS '医疗总费用增长：每个统筹区年度医疗总费用比上年增长，控制在10%以内（安义县方案二(九)）。Growth of a region''s medical costs over the year before, against the 10% line';

COMMENT ON COLUMN finance.cost_growth.year IS '年度（按出院或就诊日期）。Year of discharge or service';

COMMENT ON COLUMN finance.cost_growth.region IS '统筹区代码。Region of the persons, GB/T 2260';

COMMENT ON COLUMN finance.cost_growth.total IS '医疗总费用，元。Total bills of standing claims, yuan';

COMMENT ON COLUMN finance.cost_growth.total_before IS '上年医疗总费用，元。Of the year before; null where the ledger has none';

COMMENT ON COLUMN finance.cost_growth.growth IS '比上年增长。Growth over the year before; null without one';

COMMENT ON COLUMN finance.cost_growth.line IS '控制线。The line';

COMMENT ON COLUMN finance.cost_growth.over_line IS '增幅是否超过10%。Whether the growth is over 10%, held exactly';

CREATE INDEX statements_hospital ON projections.statements (hospital_id, date);

-- OFFSET 0: each suspension asks the index; the planner takes its few claims for a ninth of all and would read them all
CREATE VIEW finance.oversight AS
SELECT reason, since, date, claim_id, person_id, hospital_id, year, region, (total / 100.0)::numeric(16,2) AS total,
       (SELECT (coalesce(sum((layer ->> 1)::bigint), 0) / 100.0)::numeric(16,2)
        FROM jsonb_array_elements(layers) AS layer) AS paid
FROM (
    SELECT 'after_death' AS reason, deaths.died_on AS since, claim.*
    FROM projections.deaths
    JOIN projections.statements AS claim ON claim.person_id = deaths.person_id AND claim.date > deaths.died_on
    UNION ALL
    SELECT 'suspended', turn.since, claim.*
    FROM projections.hospitals AS hospital
    CROSS JOIN LATERAL (
        SELECT day AS since, coalesce(lead(day) OVER (ORDER BY place), 'infinity') AS until, place
        FROM unnest(hospital.suspended) WITH ORDINALITY AS turns(day, place)
    ) AS turn
    CROSS JOIN LATERAL (
        SELECT * FROM projections.statements
        WHERE hospital_id = hospital.hospital_id AND date >= turn.since AND date < turn.until OFFSET 0
    ) AS claim
    WHERE turn.place % 2 = 1
) AS leads WHERE status = 'settled';

COMMENT ON VIEW finance.oversight IS '监管线索：费用日期在参保人死亡之后，或在医疗机构停止协议期间，而因晚报仍已结算的单据，供稽核或冲销。Settled claims dated after their person''s death or within their hospital''s suspension, told late: leads for audits and reversals';

COMMENT ON COLUMN finance.oversight.reason IS '原因：after_death 死亡后，suspended 停止协议期间。Why it is listed';

COMMENT ON COLUMN finance.oversight.since IS '死亡日期，或停止协议的首日。The day of death, or the first day suspended';

COMMENT ON COLUMN finance.oversight.date IS '出院或就诊日期。Day of discharge or service';

COMMENT ON COLUMN finance.oversight.claim_id IS '结算单号。Claim';

COMMENT ON COLUMN finance.oversight.person_id IS '参保人编号。Pseudonymous number of the insured';

COMMENT ON COLUMN finance.oversight.hospital_id IS '医疗机构编号。Hospital';

COMMENT ON COLUMN finance.oversight.year IS '待遇年度。Benefit year';

COMMENT ON COLUMN finance.oversight.region IS '统筹区代码。Region of the person, GB/T 2260';

COMMENT ON COLUMN finance.oversight.total IS '医疗费总额，元。Total bill, yuan';

COMMENT ON COLUMN finance.oversight.paid IS '各保障线支付合计，元。What the funds paid, yuan';
