CREATE VIEW finance.blacklist AS
SELECT entry_id, region, subject_kind, subject_id, case_id, reason, effects, basis, document_no, from_on, until,
       CASE status WHEN 'removed' THEN removed_on END AS removed_on, status, entered_by, approved_by, approved_on,
       removal_reason, removal_approved_by,
       status IN ('listed', 'removal_entered', 'removed')
       AND (now() AT TIME ZONE 'Asia/Shanghai')::date >= from_on
       AND (now() AT TIME ZONE 'Asia/Shanghai')::date < CASE status WHEN 'removed' THEN removed_on ELSE until END AS holds
FROM projections.blacklist;

COMMENT ON VIEW finance.blacklist IS '黑名单（上高 三4）：不影响待遇结算。The blacklist; settlement does not read it';
COMMENT ON COLUMN finance.blacklist.entry_id IS '编号。Entry';
COMMENT ON COLUMN finance.blacklist.region IS '医保局统筹区代码。Region of the bureau, GB/T 2260';
COMMENT ON COLUMN finance.blacklist.subject_kind IS '对象种类：hospital 医院，pharmacy 药店，person 参保人，doctor 医师。Who is listed';
COMMENT ON COLUMN finance.blacklist.subject_id IS '对象编号。Number of the person, hospital or doctor';
COMMENT ON COLUMN finance.blacklist.case_id IS '依据案件。Case that is its ground';
COMMENT ON COLUMN finance.blacklist.reason IS '事由。Reason';
COMMENT ON COLUMN finance.blacklist.effects IS '后果：no_prepaid_free_admission 入院先缴费，closer_audit 逐单审核，published 公布。Effects';
COMMENT ON COLUMN finance.blacklist.basis IS '后果的依据。Text that states the effects';
COMMENT ON COLUMN finance.blacklist.document_no IS '文号。Number of its document';
COMMENT ON COLUMN finance.blacklist.from_on IS '起日。First day';
COMMENT ON COLUMN finance.blacklist.until IS '止日（不含）。First day on which it holds no longer';
COMMENT ON COLUMN finance.blacklist.removed_on IS '提前移出日。Day from which it was removed';
COMMENT ON COLUMN finance.blacklist.status IS '状态：entered 待复核，listed 在册，withdrawn 已撤回，removal_entered 移出待复核，removed 已移出。State';
COMMENT ON COLUMN finance.blacklist.entered_by IS '登记人。Who entered it';
COMMENT ON COLUMN finance.blacklist.approved_by IS '复核人。Who approved it';
COMMENT ON COLUMN finance.blacklist.approved_on IS '复核日期。Day of approval';
COMMENT ON COLUMN finance.blacklist.removal_reason IS '移出原因。Why it was removed';
COMMENT ON COLUMN finance.blacklist.removal_approved_by IS '移出复核人。Who approved the removal';
COMMENT ON COLUMN finance.blacklist.holds IS '今天是否有效。Whether it holds today';
