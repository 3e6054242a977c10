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
