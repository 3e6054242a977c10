CREATE VIEW finance.payment_days AS
SELECT claim.year, claim.region, claim.claim_id, claim.person_id, claim.hospital_id, claim.setting, claim.payee, claim.date,
       claim.paid, cleared.settled_on, cleared.clearing_id, cleared.approved_on,
       CASE WHEN cleared.clearing_id IS NULL THEN 'not_cleared'
            WHEN cleared.approved_on IS NULL THEN 'drafted'
            WHEN payment.status = 'none' THEN 'set_off'
            ELSE payment.status END AS state,
       done.paid_on, done.paid_on - claim.date AS days, cleared.settled_on - claim.date AS days_to_settlement,
       cleared.approved_on - cleared.settled_on AS days_to_approval,
       done.paid_on - cleared.approved_on AS days_to_transfer
FROM finance.statements AS claim
CROSS JOIN LATERAL (
    SELECT (settled_at AT TIME ZONE 'Asia/Shanghai')::date AS settled_on, clearing_id,
           (approved_at AT TIME ZONE 'Asia/Shanghai')::date AS approved_on
    FROM projections.first_clearings WHERE first_clearings.claim_id = claim.claim_id OFFSET 0
) AS cleared
LEFT JOIN projections.clearing_payments AS payment
  ON payment.clearing_id = cleared.clearing_id AND payment.payee_kind = claim.payee
 AND payment.payee = CASE claim.payee WHEN 'person' THEN claim.person_id ELSE claim.hospital_id END
CROSS JOIN LATERAL (
    SELECT CASE payment.status
               WHEN 'paid' THEN (payment.paid_at AT TIME ZONE 'Asia/Shanghai')::date
               WHEN 'none' THEN cleared.approved_on
           END AS paid_on
) AS done
WHERE claim.status = 'settled' AND claim.paid > 0;

COMMENT ON VIEW finance.payment_days IS '从出院到拨付：每张结算单的首次结算何时入账、复核、拨付，各用多少天（安义县方案六(二十三)）。From discharge to payment: when each claim was settled, cleared and paid, and the days between';
COMMENT ON COLUMN finance.payment_days.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.payment_days.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.payment_days.claim_id IS '结算单号。Claim';
COMMENT ON COLUMN finance.payment_days.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.payment_days.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.payment_days.setting IS '就医类型。Setting';
COMMENT ON COLUMN finance.payment_days.payee IS '收款方：医院，或已垫付的个人。Who is paid: hospital, or the person who prepaid';
COMMENT ON COLUMN finance.payment_days.date IS '出院或就诊日期。Day of discharge or service';
COMMENT ON COLUMN finance.payment_days.paid IS '各保障线支付合计，元，按现在的净额。What the funds pay, yuan, as it stands now';
COMMENT ON COLUMN finance.payment_days.settled_on IS '首次结算入账日。Day on which it was settled';
COMMENT ON COLUMN finance.payment_days.clearing_id IS '清算单号，未清算的为空。The clearing; null where none has taken it';
COMMENT ON COLUMN finance.payment_days.approved_on IS '清算复核日。Day on which the clearing was approved';
COMMENT ON COLUMN finance.payment_days.state IS '状态：not_cleared 未清算，drafted 清算待复核，due 待拨付，returned 已退汇，paid 已拨付，set_off 全部抵扣、无须拨付。State';
COMMENT ON COLUMN finance.payment_days.paid_on IS '登记拨付日；全部抵扣的为复核日；未拨付的为空。Day on which the payment was noted; the approval''s where all was set off; null where it is still due';
COMMENT ON COLUMN finance.payment_days.days IS '出院到拨付的天数。Days from discharge to payment';
COMMENT ON COLUMN finance.payment_days.days_to_settlement IS '其中：出院到结算。Of these: from discharge to settlement';
COMMENT ON COLUMN finance.payment_days.days_to_approval IS '其中：结算到清算复核。From settlement to the clearing''s approval';
COMMENT ON COLUMN finance.payment_days.days_to_transfer IS '其中：复核到拨付。From approval to payment';
