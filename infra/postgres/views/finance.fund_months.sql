CREATE VIEW finance.fund_months AS
SELECT scheme, region, fund, insurer, year, service_month AS month,
       coalesce(sum(amount) FILTER (WHERE effect = 1 AND line <> 'opening'), 0)::numeric(16,2) AS income,
       coalesce(sum(amount) FILTER (WHERE effect = -1), 0)::numeric(16,2) AS spending,
       coalesce(sum(amount) FILTER (WHERE line = 'opening'), 0)::numeric(16,2) AS opening,
       coalesce(sum(amount) FILTER (WHERE line = 'premiums'), 0)::numeric(16,2) AS premiums
FROM finance.fund_lines
GROUP BY scheme, region, fund, insurer, year, service_month;

COMMENT ON VIEW finance.fund_months IS '资金月度收支：按所属月份的收入、支出，单位元；预警（claims funds warning）由此计算。Income and spending of each fund by the month to which they belong, in yuan: what its warning is computed from';
COMMENT ON COLUMN finance.fund_months.scheme IS '政策。Name of the scheme; empty where none is known';
COMMENT ON COLUMN finance.fund_months.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.fund_months.fund IS '资金。Fund';
COMMENT ON COLUMN finance.fund_months.insurer IS '承保公司，无则为空。Insurer who keeps the fund; empty where none is named';
COMMENT ON COLUMN finance.fund_months.year IS '账户年度。Year of the account';
COMMENT ON COLUMN finance.fund_months.month IS '所属月份。Month to which it belongs, YYYY-MM';
COMMENT ON COLUMN finance.fund_months.income IS '收入（不含期初余额），元。In, without an opening balance, yuan';
COMMENT ON COLUMN finance.fund_months.spending IS '支出，元。Out, yuan';
COMMENT ON COLUMN finance.fund_months.opening IS '期初余额，元。Opening balance, yuan';
COMMENT ON COLUMN finance.fund_months.premiums IS '收入中由账本记的保费，元。Of the income what the ledger booked as premiums, yuan';
