CREATE VIEW finance.fund_budgets AS
SELECT scheme, region, fund, insurer, year, spending, income, order_no, approved_at
FROM (
    SELECT scheme, region, fund, coalesce(insurer, '') AS insurer, year, (spending / 100.0)::numeric(16,2) AS spending,
           (income / 100.0)::numeric(16,2) AS income, order_no, approved_at,
           row_number() OVER (PARTITION BY scheme, region, fund, insurer, year
                              ORDER BY approved_at DESC, number DESC) AS place
    FROM projections.fund_budgets
    WHERE status = 'approved'
) AS approved
WHERE place = 1;

COMMENT ON VIEW finance.fund_budgets IS '资金年度预算：每项资金每年最后一次复核的预算，单位元。Budget of each fund by year: the one that was approved last, in yuan';
COMMENT ON COLUMN finance.fund_budgets.scheme IS '政策。Name of the scheme';
COMMENT ON COLUMN finance.fund_budgets.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.fund_budgets.fund IS '资金。Fund';
COMMENT ON COLUMN finance.fund_budgets.insurer IS '承保公司，无则为空。Insurer who keeps the fund; empty where none is named';
COMMENT ON COLUMN finance.fund_budgets.year IS '账户年度。Year of the account';
COMMENT ON COLUMN finance.fund_budgets.spending IS '支出预算，元。What the fund may spend, yuan';
COMMENT ON COLUMN finance.fund_budgets.income IS '收入预算，元；未列的为空。What it should receive, yuan; null where it is not stated';
COMMENT ON COLUMN finance.fund_budgets.order_no IS '预算文号。Number of the document that sets it';
COMMENT ON COLUMN finance.fund_budgets.approved_at IS '复核时间。When it was approved';
