CREATE VIEW finance.freshness AS
SELECT min(as_of) AS as_of, sum(number)::bigint AS entries FROM projections.counted_journals;

COMMENT ON VIEW finance.freshness IS '统计截止：以下各报表计入账目的时间。How far the sums behind the reports have counted; null until they first have';
COMMENT ON COLUMN finance.freshness.as_of IS '统计截止时间。When the sums last held everything in the ledger';
COMMENT ON COLUMN finance.freshness.entries IS '已计入的账目数。Entries counted';
