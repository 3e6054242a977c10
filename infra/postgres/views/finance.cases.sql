CREATE VIEW finance.cases AS
SELECT supervised.case_id, supervised.region, supervised.origin, supervised.subject_kind, supervised.subject_id,
       hospital.region AS hospital_region, supervised.status, supervised.opened_on, supervised.due_on,
       supervised.decided_on, supervised.closed_on, supervised.outcome, supervised.document_no, supervised.decision_no,
       coalesce(found.findings, 0) AS findings, (coalesce(found.fen, 0) / 100.0)::numeric(16,2) AS found,
       coalesce(measured.to_recover, 0)::numeric(16,2) AS to_recover,
       coalesce(measured.recovered, 0)::numeric(16,2) AS recovered, coalesce(measured.fined, 0)::numeric(16,2) AS fined
FROM projections.cases AS supervised
LEFT JOIN projections.hospitals AS hospital ON hospital.hospital_id = supervised.hospital_id
LEFT JOIN (
    SELECT case_id, count(*) AS findings, sum(amount) AS fen FROM projections.case_findings
    WHERE status = 'confirmed' GROUP BY case_id
) AS found USING (case_id)
LEFT JOIN (
    SELECT case_id, sum(amount) FILTER (WHERE kind = 'fine' AND status = 'decided') AS fined,
           sum(to_recover) AS to_recover, sum(recovered) AS recovered
    FROM finance.measures WHERE status IN ('decided', 'lifted') GROUP BY case_id
) AS measured USING (case_id);

COMMENT ON VIEW finance.cases IS '监管案件：来源、对象、期限、结果、违规金额、追回基金、罚款。Cases of supervision with what was found, is to be and was given back, and fined';
COMMENT ON COLUMN finance.cases.case_id IS '案件编号。Case';
COMMENT ON COLUMN finance.cases.region IS '办案医保局统筹区代码。Region of the bureau, GB/T 2260';
COMMENT ON COLUMN finance.cases.origin IS '来源：lead 疑点，report 举报，plan 年度计划，inspection 检查。What it was opened for';
COMMENT ON COLUMN finance.cases.subject_kind IS '对象种类：hospital 医院，pharmacy 药店，person 参保人，doctor 医师。What it is about';
COMMENT ON COLUMN finance.cases.subject_id IS '对象编号。Hospital, person or doctor';
COMMENT ON COLUMN finance.cases.hospital_region IS '机构所在地代码。Where the hospital is';
COMMENT ON COLUMN finance.cases.status IS '状态：open 办理中，proposed 待决定，decided 已决定，closed 已结案。State';
COMMENT ON COLUMN finance.cases.opened_on IS '立案日期。Day it was opened';
COMMENT ON COLUMN finance.cases.due_on IS '决定期限。Day by which it is to be decided';
COMMENT ON COLUMN finance.cases.decided_on IS '决定日期。Day of the last decision';
COMMENT ON COLUMN finance.cases.closed_on IS '结案日期。Day it was closed';
COMMENT ON COLUMN finance.cases.outcome IS '结果：measures 作出处理，no_violation 未发现违规，transferred 移送。Outcome';
COMMENT ON COLUMN finance.cases.document_no IS '立案文号。Number of the document that opened it';
COMMENT ON COLUMN finance.cases.decision_no IS '决定文号。Number of the decision';
COMMENT ON COLUMN finance.cases.findings IS '已认定违规数。Findings that were confirmed';
COMMENT ON COLUMN finance.cases.found IS '查处违规金额，元。What was found, yuan';
COMMENT ON COLUMN finance.cases.to_recover IS '应追回基金，元：账本少付的，加应另行缴回的。What the funds are to get back, yuan: paid less by the ledger, or to be paid in';
COMMENT ON COLUMN finance.cases.recovered IS '已追回基金，元：其中已清算的，加已缴回的。What of it they have, yuan: cleared, or paid in';
COMMENT ON COLUMN finance.cases.fined IS '罚款，元。Fines, yuan';
