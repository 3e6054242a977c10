CREATE VIEW finance.hospital_register AS
SELECT hospital.hospital_id, hospital.name, hospital.kind, hospital.tier, hospital.region, hospital.designated_from,
       hospital.designated_until, today.state, today.suspended_since,
       coalesce(array_length(hospital.suspended, 1) + 1, 0) / 2 AS suspensions,
       coalesce(fine.fines, 0) AS fines, coalesce(fine.fined, 0.00)::numeric(16,2) AS fined,
       coalesce(audit.audits, 0) AS audits, coalesce(audit.audited, 0.00)::numeric(16,2) AS audited
FROM projections.hospitals AS hospital
CROSS JOIN LATERAL (
    SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day
) AS clock
CROSS JOIN LATERAL (
    SELECT count(*) AS turns, max(day) AS since FROM unnest(hospital.suspended) AS turn(day) WHERE turn.day <= clock.day
) AS turned
CROSS JOIN LATERAL (
    SELECT CASE WHEN clock.day < hospital.designated_from THEN 'to_come'
                WHEN hospital.designated_until <= clock.day THEN 'ended'
                WHEN turned.turns % 2 = 1 THEN 'suspended'
                ELSE 'designated' END AS state,
           CASE WHEN turned.turns % 2 = 1 THEN turned.since END AS suspended_since
) AS today
LEFT JOIN (
    SELECT hospital_id, count(*) AS fines, sum(amount) / 100.0 AS fined FROM projections.fines GROUP BY hospital_id
) AS fine USING (hospital_id)
LEFT JOIN (
    SELECT claims.hospital_id, count(*) FILTER (WHERE audits.amount > 0) AS audits, sum(audits.amount) / 100.0 AS audited
    FROM projections.audits JOIN projections.claims USING (claim_id) GROUP BY claims.hospital_id
) AS audit USING (hospital_id);

COMMENT ON VIEW finance.hospital_register IS '定点医药机构台账：起止、等级、暂停（中止）、处罚和稽核。Hospitals, village clinics and pharmacies: since when designated, and what was found and done';
COMMENT ON COLUMN finance.hospital_register.hospital_id IS '医药机构编号。Hospital';
COMMENT ON COLUMN finance.hospital_register.name IS '名称。Name';
COMMENT ON COLUMN finance.hospital_register.kind IS '机构类别：hospital 医疗机构，village_clinic 村卫生室，pharmacy 零售药店。Kind of institution';
COMMENT ON COLUMN finance.hospital_register.tier IS '等级：0 为乡镇卫生院。Tier';
COMMENT ON COLUMN finance.hospital_register.region IS '所在地。Region in which it lies';
COMMENT ON COLUMN finance.hospital_register.designated_from IS '定点起始日。First day designated';
COMMENT ON COLUMN finance.hospital_register.designated_until IS '定点截止日（不含）。First day no longer designated';
COMMENT ON COLUMN finance.hospital_register.state IS '现状：designated 定点，suspended 暂停（中止），ended 已解除，to_come 未开始。Today''s standing';
COMMENT ON COLUMN finance.hospital_register.suspended_since IS '暂停自。Since when suspended, where it is';
COMMENT ON COLUMN finance.hospital_register.suspensions IS '暂停次数。How often it was suspended';
COMMENT ON COLUMN finance.hospital_register.fines IS '罚款次数。Fines';
COMMENT ON COLUMN finance.hospital_register.fined IS '罚款金额，元。Fined, yuan';
COMMENT ON COLUMN finance.hospital_register.audits IS '稽核次数。Audits of its claims';
COMMENT ON COLUMN finance.hospital_register.audited IS '稽核查出金额，元。Found by audits, yuan';
