CREATE VIEW finance.late_adjustments AS
SELECT to_char(entry.recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, claim.region,
       to_char(closed.month, 'YYYY-MM') AS closed_month, closed.clearing_id,
       (closed.approved_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_on, claim.claim_id, claim.person_id,
       claim.hospital_id, claim.date, coalesce(entry.layer, 'grant') AS layer,
       (entry.paid / 100.0)::numeric(16,2) AS amount, (entry.recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS adjusted_on,
       said.said ->> 'type' AS cause, said.said ->> 'source' AS cause_source, said.said ->> 'event_id' AS cause_event,
       later.clearing_id AS cleared_by
FROM projections.statements AS claim
JOIN projections.first_clearings AS closed ON closed.claim_id = claim.claim_id AND closed.approved_at IS NOT NULL
JOIN ledger.entries AS entry
  ON entry.person_id = claim.person_id AND entry.claim_number = claim.number AND entry.recorded_at > closed.approved_at
 AND entry.type IN ('payout.decided.v1', 'payout.adjusted.v1', 'payout.withdrawn.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
 AND entry.paid <> 0
CROSS JOIN LATERAL (SELECT convert_from(entry.data, 'UTF8')::jsonb -> 'cause' AS said) AS said
LEFT JOIN LATERAL (
    SELECT clearing.clearing_id FROM projections.clearings AS clearing
    WHERE clearing.region = claim.region AND clearing.status <> 'withdrawn'
      AND entry.number > (clearing.ranges -> entry.journal ->> 0)::bigint
      AND entry.number <= (clearing.ranges -> entry.journal ->> 1)::bigint
) AS later ON true;

COMMENT ON VIEW finance.late_adjustments IS '清算关账以后的调整：首次结算所在清算单复核以后又入账的每笔差额，写明原因和日期。What was adjusted after the clearing of a claim''s first settlement was approved, each booking with its cause and day';
COMMENT ON COLUMN finance.late_adjustments.month IS '调整入账月份，如 2019-04。Month in which it was booked';
COMMENT ON COLUMN finance.late_adjustments.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.late_adjustments.closed_month IS '已关账的清算月份。Month whose clearing was closed';
COMMENT ON COLUMN finance.late_adjustments.clearing_id IS '已关账的清算单。The clearing that was closed';
COMMENT ON COLUMN finance.late_adjustments.closed_on IS '复核（关账）日。Day on which it was approved';
COMMENT ON COLUMN finance.late_adjustments.claim_id IS '结算单号。Claim';
COMMENT ON COLUMN finance.late_adjustments.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.late_adjustments.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.late_adjustments.date IS '出院或就诊日期。Day of discharge or service';
COMMENT ON COLUMN finance.late_adjustments.layer IS '保障线，grant 为补助。Layer; grant is a grant';
COMMENT ON COLUMN finance.late_adjustments.amount IS '差额，元，负数为冲减。The difference, yuan';
COMMENT ON COLUMN finance.late_adjustments.adjusted_on IS '调整入账日。Day on which it was booked';
COMMENT ON COLUMN finance.late_adjustments.cause IS '原因：引起调整的事件类型。Type of the fact that brought it about';
COMMENT ON COLUMN finance.late_adjustments.cause_source IS '谁报的。Who stated that fact';
COMMENT ON COLUMN finance.late_adjustments.cause_event IS '该事件编号。Its event id';
COMMENT ON COLUMN finance.late_adjustments.cleared_by IS '调整由哪张清算单清算，尚未清算的为空。The clearing that takes the adjustment; null where none has yet';
