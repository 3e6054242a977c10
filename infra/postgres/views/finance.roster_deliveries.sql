CREATE VIEW finance.roster_deliveries AS
SELECT delivery_id, period, region, recipient_kind, recipient, persons, additions, removals, published_at, published_by,
       to_char(published_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') > period || '-20' AS late, received_on, receipt,
       noted_by, sha256
FROM projections.roster_deliveries;

COMMENT ON VIEW finance.roster_deliveries IS '名单下发台账：何时发给哪家医院、卫健局、乡镇医保所，是否签收。Lists that went out to hospitals, the health bureau and townships, and their receipts';
COMMENT ON COLUMN finance.roster_deliveries.delivery_id IS '下发编号。Number of the delivery';
COMMENT ON COLUMN finance.roster_deliveries.period IS '所属月份。Month of the list';
COMMENT ON COLUMN finance.roster_deliveries.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.roster_deliveries.recipient_kind IS '接收单位类别：hospital 定点医疗机构，health_bureau 卫健局，township 乡镇医保所。Kind of recipient';
COMMENT ON COLUMN finance.roster_deliveries.recipient IS '接收单位。Recipient';
COMMENT ON COLUMN finance.roster_deliveries.persons IS '名单人数。Persons on it';
COMMENT ON COLUMN finance.roster_deliveries.additions IS '比上月新增人数。More than a month before';
COMMENT ON COLUMN finance.roster_deliveries.removals IS '比上月减少人数。Fewer than a month before';
COMMENT ON COLUMN finance.roster_deliveries.published_at IS '下发时间。When it went out';
COMMENT ON COLUMN finance.roster_deliveries.published_by IS '下发人。Who sent it';
COMMENT ON COLUMN finance.roster_deliveries.late IS '是否迟发（20日后）。Whether it went out after the 20th';
COMMENT ON COLUMN finance.roster_deliveries.received_on IS '签收日期。Day it was received';
COMMENT ON COLUMN finance.roster_deliveries.receipt IS '签收人或回执号。Who signed, or the number of the receipt';
COMMENT ON COLUMN finance.roster_deliveries.noted_by IS '登记回执人。Who noted the receipt';
COMMENT ON COLUMN finance.roster_deliveries.sha256 IS '名单摘要。sha256 of the list';
