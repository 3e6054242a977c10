CREATE VIEW finance.payment_times AS
SELECT year, region, hospital_id, payee, count(*) AS claims, sum(paid)::numeric(16,2) AS amount, count(days) AS paid_claims,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY days) AS median_days,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY days) AS ninth_decile_days, max(days) AS longest_days,
       count(*) - count(days) AS unpaid_claims,
       coalesce(sum(paid) FILTER (WHERE days IS NULL), 0)::numeric(16,2) AS unpaid_amount,
       min(date) FILTER (WHERE days IS NULL) AS unpaid_since
FROM finance.payment_days
GROUP BY year, region, hospital_id, payee;

COMMENT ON VIEW finance.payment_times IS '拨付时效：每家医院（及在该院垫付的个人）从出院到拨付的天数，未拨付的笔数、金额和最早日期。Days from discharge to payment by hospital, and what is unpaid since when';
COMMENT ON COLUMN finance.payment_times.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.payment_times.region IS '统筹区代码。Region of the persons, GB/T 2260';
COMMENT ON COLUMN finance.payment_times.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.payment_times.payee IS '收款方：医院，或已垫付的个人。Who is paid: hospital, or the persons who prepaid there';
COMMENT ON COLUMN finance.payment_times.claims IS '有基金支付的结算单数。Claims for which funds pay';
COMMENT ON COLUMN finance.payment_times.amount IS '基金支付，元。What the funds pay, yuan';
COMMENT ON COLUMN finance.payment_times.paid_claims IS '已拨付（含全部抵扣）的结算单数。Those that are paid, or set off';
COMMENT ON COLUMN finance.payment_times.median_days IS '出院到拨付天数的中位数。Median of the days';
COMMENT ON COLUMN finance.payment_times.ninth_decile_days IS '九成结算单在此天数以内拨付。Nine tenths are paid within so many days';
COMMENT ON COLUMN finance.payment_times.longest_days IS '最长天数。Most days';
COMMENT ON COLUMN finance.payment_times.unpaid_claims IS '未拨付的结算单数。Those still unpaid';
COMMENT ON COLUMN finance.payment_times.unpaid_amount IS '未拨付的基金支付，元。What is unpaid, yuan';
COMMENT ON COLUMN finance.payment_times.unpaid_since IS '未拨付的最早出院或就诊日期。The earliest day of what is unpaid';
