CREATE VIEW finance.roster_imports AS
WITH records AS (
    SELECT number, type, recorded_at, convert_from(data, 'UTF8')::json AS said
    FROM ledger.entries WHERE journal = 'rosters.0' AND type IN ('roster.imported.v1', 'roster.withdrawn.v1')
)
SELECT record.said ->> 'source' AS source, split_part(record.said ->> 'source', '/', 2) AS region,
       record.said ->> 'period' AS period, (record.said ->> 'received')::date AS received_on,
       (record.said ->> 'late')::boolean AS late, record.said ->> 'actor' AS actor,
       (record.said ->> 'listed')::integer AS listed, (record.said ->> 'refused')::integer AS refused,
       (record.said ->> 'added')::integer AS added, (record.said ->> 'removed')::integer AS removed,
       withdrawal.number IS NULL AS stands, withdrawal.said ->> 'actor' AS withdrawn_by,
       withdrawal.said ->> 'reason' AS withdrawn_for, record.recorded_at, record.number
FROM records AS record
LEFT JOIN records AS withdrawal
  ON withdrawal.type = 'roster.withdrawn.v1' AND (withdrawal.said ->> 'of')::bigint = record.number
WHERE record.type = 'roster.imported.v1';

COMMENT ON VIEW finance.roster_imports IS '名单导入台账：哪个部门何时报来哪个月的名单，是否迟报，是否撤销。Lists that departments sent in: when, of which month, whether late, whether withdrawn';
COMMENT ON COLUMN finance.roster_imports.source IS '部门。Department';
COMMENT ON COLUMN finance.roster_imports.region IS '统筹区代码。Region that it serves';
COMMENT ON COLUMN finance.roster_imports.period IS '所属月份。Month of the list';
COMMENT ON COLUMN finance.roster_imports.received_on IS '收到日期。Day it came in';
COMMENT ON COLUMN finance.roster_imports.late IS '是否迟报（10日后）。Whether it came after the 10th';
COMMENT ON COLUMN finance.roster_imports.actor IS '经办人。Who imported it';
COMMENT ON COLUMN finance.roster_imports.listed IS '名单条数。Memberships on it';
COMMENT ON COLUMN finance.roster_imports.refused IS '未接收行数。Rows that could not be taken';
COMMENT ON COLUMN finance.roster_imports.added IS '新增。Memberships added';
COMMENT ON COLUMN finance.roster_imports.removed IS '移除。Memberships removed';
COMMENT ON COLUMN finance.roster_imports.stands IS '是否未撤销。Whether it was not withdrawn';
COMMENT ON COLUMN finance.roster_imports.withdrawn_by IS '撤销人。Who withdrew it';
COMMENT ON COLUMN finance.roster_imports.withdrawn_for IS '撤销原因。Why it was withdrawn';
COMMENT ON COLUMN finance.roster_imports.recorded_at IS '入账时间。When the ledger took it';
COMMENT ON COLUMN finance.roster_imports.number IS '账册序号。Number of the record in journal rosters.0';
