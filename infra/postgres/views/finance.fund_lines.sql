CREATE VIEW finance.fund_lines AS
WITH sides (kind, receives, line, effect) AS (
    VALUES ('opening', true, 'opening', 1), ('appropriation', true, 'income', 1), ('contribution', true, 'income', 1),
           ('interest', true, 'income', 1), ('donation', true, 'income', 1), ('other', true, 'income', 1),
           ('fine', true, 'fines', 1),
           ('premium', true, 'premiums_received', 0), ('premium', false, 'premiums_transferred', 0),
           ('allocation', true, 'transfers_in', 1), ('allocation', false, 'transfers_out', -1),
           ('surplus', true, 'transfers_in', 1), ('surplus', false, 'transfers_out', -1),
           ('deficit', true, 'deficit_received', 1), ('deficit', false, 'transfers_out', -1),
           ('operations', false, 'operations', -1)
), lent AS (
    SELECT advance.region, advance.advance_id, advance.issued_on, advance.amount, coalesce(scheme.name, '') AS scheme
    FROM projections.advances AS advance
    LEFT JOIN projections.enrolments AS enrolled
           ON enrolled.person_id = advance.person_id AND enrolled.year = extract(year FROM advance.issued_on)
    LEFT JOIN ledger.schemes AS scheme ON scheme.hash = enrolled.scheme
), repaid AS (
    SELECT repayment.region, repayment.advance_id, repayment.amount, clearing.approved_at AS at
    FROM projections.advance_repayments AS repayment
    JOIN projections.clearings AS clearing USING (clearing_id)
    WHERE clearing.status IN ('approved', 'paid')
    UNION ALL
    SELECT region, advance_id, amount, noted_at FROM projections.advance_receipts
), lines (scheme, region, fund, insurer, year, month, service_month, line, other_fund, effect, fen) AS (
    SELECT scheme, region, fund, insurer, year, month, service_month, line, other_fund, CASE line WHEN 'premiums' THEN 1 ELSE -1 END, amount
    FROM projections.fund_bookings
    UNION ALL
    SELECT moved.scheme, moved.region, CASE WHEN side.receives THEN moved.to_fund ELSE moved.from_fund END,
           coalesce(CASE WHEN side.receives THEN moved.to_insurer ELSE moved.from_insurer END, ''), moved.year,
           to_char(moved.moved_on, 'YYYY-MM'),
           CASE WHEN extract(year FROM moved.moved_on) = moved.year THEN to_char(moved.moved_on, 'YYYY-MM')
                ELSE moved.year || '-01' END, side.line,
           coalesce(CASE WHEN side.receives THEN moved.from_fund ELSE moved.to_fund END, ''), side.effect, moved.amount
    FROM projections.fund_movements AS moved
    JOIN sides AS side USING (kind)
    WHERE moved.status = 'approved'
    UNION ALL
    SELECT scheme, region, 'emergency_fund', '', extract(year FROM issued_on)::smallint, to_char(issued_on, 'YYYY-MM'),
           to_char(issued_on, 'YYYY-MM'), 'advances', '', -1, amount
    FROM lent
    UNION ALL
    SELECT lent.scheme, region, 'emergency_fund', '',
           extract(year FROM repaid.at AT TIME ZONE 'Asia/Shanghai')::smallint,
           to_char(repaid.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
           to_char(repaid.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'), 'repayments', '', 1, repaid.amount
    FROM repaid JOIN lent USING (region, advance_id)
)
SELECT scheme, region, fund, insurer, year, month, service_month, line, other_fund, effect::smallint AS effect,
       (sum(fen) / 100.0)::numeric(16,2) AS amount
FROM lines
GROUP BY scheme, region, fund, insurer, year, month, service_month, line, other_fund, effect;

COMMENT ON VIEW finance.fund_lines IS '资金账户明细：各项资金每年每月每一科目的金额，单位元。What came to and went from each fund, by account, month and line, in yuan';
COMMENT ON COLUMN finance.fund_lines.scheme IS '政策。Name of the scheme; empty where none is known';
COMMENT ON COLUMN finance.fund_lines.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.fund_lines.fund IS '资金。Fund';
COMMENT ON COLUMN finance.fund_lines.insurer IS '承保公司，无则为空。Insurer who keeps the fund; empty where none is named';
COMMENT ON COLUMN finance.fund_lines.year IS '账户年度。Year of the account: benefit year of a booking, year stated for a movement';
COMMENT ON COLUMN finance.fund_lines.month IS '入账月份（北京时间）。Month of booking, or of the bank''s movement, YYYY-MM';
COMMENT ON COLUMN finance.fund_lines.service_month IS '所属月份：补偿款和补助按出院或就诊日期，其他按入账；不在账户年度内的归该年一月。Month to which it belongs, within the year of the account: that of discharge or service, of others as booked, or January';
COMMENT ON COLUMN finance.fund_lines.line IS '科目。Line of the account';
COMMENT ON COLUMN finance.fund_lines.other_fund IS '对方资金，无则为空。The other fund; empty where there is none';
COMMENT ON COLUMN finance.fund_lines.effect IS '对余额的作用：1 收入，-1 支出，0 备查。Effect on the balance: 1 in, -1 out, 0 for reference';
COMMENT ON COLUMN finance.fund_lines.amount IS '金额，元。Amount, yuan';
