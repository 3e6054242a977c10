CREATE VIEW finance.fund_balances AS
WITH years AS (
    SELECT scheme, region, fund, insurer, year,
           coalesce(sum(amount) FILTER (WHERE effect = 1), 0) AS money_in,
           coalesce(sum(amount) FILTER (WHERE effect = -1), 0) AS money_out
    FROM finance.fund_lines
    GROUP BY scheme, region, fund, insurer, year
), carried AS (
    SELECT years.*, sum(money_in - money_out) OVER (PARTITION BY scheme, region, fund, insurer ORDER BY year) AS balance
    FROM years
)
SELECT scheme, region, fund, insurer, year, (balance - money_in + money_out)::numeric(16,2) AS carried_in,
       money_in::numeric(16,2) AS money_in, money_out::numeric(16,2) AS money_out, balance::numeric(16,2) AS balance
FROM carried;

COMMENT ON VIEW finance.fund_balances IS '资金余额：上年结转、当年收入、当年支出、余额，单位元。Balance of each fund by year, in yuan: carried in + in - out';
COMMENT ON COLUMN finance.fund_balances.scheme IS '政策。Name of the scheme; empty where none is known';
COMMENT ON COLUMN finance.fund_balances.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.fund_balances.fund IS '资金。Fund';
COMMENT ON COLUMN finance.fund_balances.insurer IS '承保公司，无则为空。Insurer who keeps the fund; empty where none is named';
COMMENT ON COLUMN finance.fund_balances.year IS '账户年度。Year of the account';
COMMENT ON COLUMN finance.fund_balances.carried_in IS '上年结转，元。Carried in, yuan';
COMMENT ON COLUMN finance.fund_balances.money_in IS '当年收入（含期初余额），元。In, an opening balance among it, yuan';
COMMENT ON COLUMN finance.fund_balances.money_out IS '当年支出，元。Out, yuan';
COMMENT ON COLUMN finance.fund_balances.balance IS '余额，元。Carried in + in - out, yuan';
