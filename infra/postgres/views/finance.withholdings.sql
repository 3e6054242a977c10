CREATE VIEW finance.withholdings AS
SELECT kept.region, extract(year FROM kept.month)::int AS year, kept.hospital_id, hospital.name AS hospital_name,
       kept.fund, nullif(kept.insurer, '') AS insurer, count(*) AS clearings,
       (sum(kept.base) / 100.0)::numeric(16,2) AS base,
       (sum(kept.amount) / 100.0)::numeric(16,2) AS withheld,
       (sum(kept.ordered) / 100.0)::numeric(16,2) AS ordered,
       (sum(kept.released) / 100.0)::numeric(16,2) AS released,
       (sum(kept.amount - kept.released) / 100.0)::numeric(16,2) AS outstanding
FROM projections.withholdings AS kept
LEFT JOIN projections.hospitals AS hospital USING (hospital_id)
WHERE kept.stands
GROUP BY kept.region, extract(year FROM kept.month), kept.hospital_id, hospital.name, kept.fund, kept.insurer;

COMMENT ON VIEW finance.withholdings IS '考核预留：各年度清算从医院应拨款中预留、按考核返还的金额。What the clearings of a year kept back of hospitals until their score is known, and what was released';
COMMENT ON COLUMN finance.withholdings.region IS '统筹区代码。Region of the clearings, GB/T 2260';
COMMENT ON COLUMN finance.withholdings.year IS '清算年度。Year of the clearings'' months';
COMMENT ON COLUMN finance.withholdings.hospital_id IS '医院编号。Hospital';
COMMENT ON COLUMN finance.withholdings.hospital_name IS '医院名称。Its name';
COMMENT ON COLUMN finance.withholdings.fund IS '预留的基金。Fund that keeps it';
COMMENT ON COLUMN finance.withholdings.insurer IS '承办公司。Insurer that keeps the fund, where one does';
COMMENT ON COLUMN finance.withholdings.clearings IS '清算单数。How many clearings kept something back';
COMMENT ON COLUMN finance.withholdings.base IS '应拨，元：预留的基数。What the fund was to transfer, yuan';
COMMENT ON COLUMN finance.withholdings.withheld IS '预留，元。What was kept back, yuan';
COMMENT ON COLUMN finance.withholdings.ordered IS '已申请返还，元。What stands in releases, yuan';
COMMENT ON COLUMN finance.withholdings.released IS '已列入清算返还，元。What clearings release, yuan';
COMMENT ON COLUMN finance.withholdings.outstanding IS '未返还，元。What is not released, yuan';
