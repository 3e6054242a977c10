-- OFFSET 0: each suspension asks the index; the planner takes its few claims for a ninth of all and would read them all
CREATE VIEW finance.oversight AS
SELECT reason, since, date, claim_id, person_id, hospital_id, year, region, (total / 100.0)::numeric(16,2) AS total,
       (SELECT (coalesce(sum((layer ->> 1)::bigint), 0) / 100.0)::numeric(16,2)
        FROM jsonb_array_elements(layers) AS layer) AS paid
FROM (
    SELECT 'after_death' AS reason, deaths.died_on AS since, claim.date, claim.claim_id, claim.person_id,
           claim.hospital_id, claim.year, claim.region, claim.total, claim.layers, claim.status
    FROM projections.deaths
    JOIN projections.statements AS claim ON claim.person_id = deaths.person_id AND claim.date > deaths.died_on
    UNION ALL
    SELECT 'suspended', period.since, claim.date, claim.claim_id, claim.person_id,
           claim.hospital_id, claim.year, claim.region, claim.total, claim.layers, claim.status
    FROM projections.hospitals AS hospital
    CROSS JOIN LATERAL (
        SELECT day AS since, coalesce(lead(day) OVER (ORDER BY place), 'infinity') AS until, place
        FROM unnest(hospital.suspended) WITH ORDINALITY AS days(day, place)
    ) AS period
    CROSS JOIN LATERAL (
        SELECT date, claim_id, person_id, hospital_id, year, region, total, layers, status
        FROM projections.statements
        WHERE hospital_id = hospital.hospital_id AND date >= period.since AND date < period.until OFFSET 0
    ) AS claim
    WHERE period.place % 2 = 1
) AS leads WHERE status = 'settled';

COMMENT ON VIEW finance.oversight IS '监管线索：费用日期在参保人死亡之后，或在医疗机构暂停（中止）协议期间，而因晚报仍已结算的单据，供稽核或冲销。Settled claims dated after their person''s death or within their hospital''s suspension, told late: leads for audits and reversals';
COMMENT ON COLUMN finance.oversight.reason IS '原因：after_death 死亡后，suspended 暂停（中止）协议期间。Why it is listed';
COMMENT ON COLUMN finance.oversight.since IS '死亡日期，或暂停（中止）协议的首日。The day of death, or the first day suspended';
COMMENT ON COLUMN finance.oversight.date IS '出院或就诊日期。Day of discharge or service';
COMMENT ON COLUMN finance.oversight.claim_id IS '结算单号。Claim';
COMMENT ON COLUMN finance.oversight.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.oversight.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.oversight.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.oversight.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.oversight.total IS '医疗费总额，元。Total bill, yuan';
COMMENT ON COLUMN finance.oversight.paid IS '各保障线支付合计，元。What the funds paid, yuan';
