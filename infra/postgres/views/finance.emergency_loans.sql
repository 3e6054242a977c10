-- A request and its loan are one row, also where there is only one of them: a loan of before was never asked for here.
CREATE VIEW finance.emergency_loans AS
WITH repaid AS (
    SELECT region, advance_id, sum(by_clearings)::bigint AS by_clearings, sum(in_cash)::bigint AS in_cash FROM (
        SELECT region, advance_id, amount AS by_clearings, 0 AS in_cash FROM projections.advance_repayments
        UNION ALL
        SELECT region, advance_id, 0, amount FROM projections.advance_receipts
    ) AS each GROUP BY region, advance_id
), loans AS (
    SELECT coalesce(loan.region, asked.region) AS region, coalesce(loan.advance_id, asked.advance_id) AS advance_id,
           coalesce(loan.person_id, asked.person_id) AS person_id, asked.township, asked.applied_on,
           asked.amount AS asked, asked.need, asked.destination, asked.applied_by,
           coalesce(asked.status, 'none') AS request, asked.approved, asked.decided_by,
           (asked.decided_at AT TIME ZONE 'Asia/Shanghai')::date AS decided_on, asked.reason,
           loan.issued_on, loan.lent_by, loan.amount AS issued, loan.person_id IS DISTINCT FROM asked.person_id AS another,
           coalesce(loan.filed_on, asked.filed_on) AS filed_on, asked.filed_by,
           coalesce(repaid.by_clearings, 0) AS by_clearings, coalesce(repaid.in_cash, 0) AS in_cash
    FROM projections.advances AS loan
    FULL JOIN projections.advance_requests AS asked USING (region, advance_id)
    LEFT JOIN repaid USING (region, advance_id)
)
SELECT region, advance_id, person_id, township, applied_on, (asked / 100.0)::numeric(16,2) AS asked, need, destination,
       applied_by, request, (approved / 100.0)::numeric(16,2) AS approved, decided_by, decided_on, reason, issued_on,
       lent_by, (issued / 100.0)::numeric(16,2) AS issued, filed_on, filed_by,
       coalesce(filed_on, (now() AT TIME ZONE 'Asia/Shanghai')::date) - issued_on AS days_to_filing,
       (by_clearings / 100.0)::numeric(16,2) AS by_clearings, (in_cash / 100.0)::numeric(16,2) AS in_cash,
       ((by_clearings + in_cash) / 100.0)::numeric(16,2) AS repaid,
       ((coalesce(issued, 0) - by_clearings - in_cash) / 100.0)::numeric(16,2) AS outstanding,
       CASE WHEN issued IS NULL THEN request
            WHEN by_clearings + in_cash >= issued THEN 'repaid'
            ELSE 'lent' END AS state,
       array_remove(ARRAY[
           CASE WHEN issued IS NOT NULL AND request = 'none' THEN 'no_request' END,
           CASE WHEN issued IS NOT NULL AND request IN ('applied', 'declined') THEN 'not_approved' END,
           CASE WHEN issued > approved THEN 'over_approved' END,
           CASE WHEN issued IS NOT NULL AND request <> 'none' AND another THEN 'another_person' END,
           CASE WHEN issued IS NOT NULL AND filed_on IS NULL THEN 'not_filed' END
       ], NULL) AS faults
FROM loans;

COMMENT ON VIEW finance.emergency_loans IS '临时救急基金台账（上高 二5）：申请、审核、借出、备案、归还、未还。The emergency fund''s loans: asked for, approved, lent, filed, repaid, outstanding';
COMMENT ON COLUMN finance.emergency_loans.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.emergency_loans.advance_id IS '临时救急借款编号。Number of the loan';
COMMENT ON COLUMN finance.emergency_loans.person_id IS '参保人编号。Pseudonymous number of the borrower';
COMMENT ON COLUMN finance.emergency_loans.township IS '审核的乡镇扶贫工作站。Township whose station examines it';
COMMENT ON COLUMN finance.emergency_loans.applied_on IS '申请日。Day of the request';
COMMENT ON COLUMN finance.emergency_loans.asked IS '申请金额，元。Asked for, yuan';
COMMENT ON COLUMN finance.emergency_loans.need IS '事由。For what';
COMMENT ON COLUMN finance.emergency_loans.destination IS '拟就医地点。Where the person will be treated';
COMMENT ON COLUMN finance.emergency_loans.applied_by IS '登记人。Who entered the request';
COMMENT ON COLUMN finance.emergency_loans.request IS '申请状态：none 无申请，applied 待审核，approved 已审核，declined 未批准。Whether it was approved';
COMMENT ON COLUMN finance.emergency_loans.approved IS '批准金额，元。Approved, yuan';
COMMENT ON COLUMN finance.emergency_loans.decided_by IS '审核人。Who decided';
COMMENT ON COLUMN finance.emergency_loans.decided_on IS '审核日。Day of the decision';
COMMENT ON COLUMN finance.emergency_loans.reason IS '未批准原因。Why it was declined';
COMMENT ON COLUMN finance.emergency_loans.issued_on IS '借出日。Day it was lent';
COMMENT ON COLUMN finance.emergency_loans.lent_by IS '借出单位。Who lent it';
COMMENT ON COLUMN finance.emergency_loans.issued IS '借出金额，元。Lent, yuan';
COMMENT ON COLUMN finance.emergency_loans.filed_on IS '备案日。Day it was filed with the bureau';
COMMENT ON COLUMN finance.emergency_loans.filed_by IS '登记备案人。Who noted the filing';
COMMENT ON COLUMN finance.emergency_loans.days_to_filing IS '借出到备案（未备案的到今天）天数。Days from the loan to its filing, or to today';
COMMENT ON COLUMN finance.emergency_loans.by_clearings IS '清算归还，元。Repaid by clearings, yuan';
COMMENT ON COLUMN finance.emergency_loans.in_cash IS '现金归还，元。Repaid in cash, yuan';
COMMENT ON COLUMN finance.emergency_loans.repaid IS '已还，元。Repaid, yuan';
COMMENT ON COLUMN finance.emergency_loans.outstanding IS '未还，元。Outstanding, yuan';
COMMENT ON COLUMN finance.emergency_loans.state IS '状态：applied 待审核，approved 已审核待借，declined 未批准，lent 已借未还清，repaid 已还清。Where it stands';
COMMENT ON COLUMN finance.emergency_loans.faults IS '问题：no_request 无申请，not_approved 未批准，over_approved 超批准金额，another_person 与申请人不符，not_filed 未备案。What lacks';
