CREATE VIEW finance.measures AS
WITH sent AS (
    SELECT fact.measure_id, count(*) AS facts,
           count(*) FILTER (WHERE entry.type <> 'event.rejected.v1') AS taken,
           count(*) FILTER (WHERE entry.type = 'event.rejected.v1') AS refused,
           array_agg(entry.number ORDER BY fact.place) FILTER (WHERE entry.type <> 'event.rejected.v1') AS numbers,
           string_agg(DISTINCT refusal.reason, ', ') AS reasons, sum(effect.fen) AS fen,
           sum(effect.cleared) AS cleared
    FROM projections.case_facts AS fact
    LEFT JOIN ledger.entries AS entry
           ON entry.source = fact.source AND entry.event_id = fact.event_id
          AND entry.source IS NOT NULL AND entry.type <> 'event.waiting.v1'
    LEFT JOIN projections.refusals AS refusal ON entry.type = 'event.rejected.v1' AND refusal.number = entry.number
    LEFT JOIN LATERAL (
        SELECT -sum(booked.paid) AS fen, -sum(booked.paid) FILTER (WHERE EXISTS (
                   SELECT FROM projections.claims AS claim JOIN projections.clearings AS clearing USING (region)
                   WHERE claim.claim_id = booked.claim_id AND clearing.status IN ('approved', 'paid')
                     AND booked.number > (clearing.ranges -> booked.journal ->> 0)::bigint
                     AND booked.number <= (clearing.ranges -> booked.journal ->> 1)::bigint
               )) AS cleared
        FROM ledger.entries AS booked
        WHERE booked.person_id = entry.person_id
          AND booked.type IN ('payout.adjusted.v1', 'payout.withdrawn.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
          AND convert_from(booked.data, 'UTF8')::jsonb -> 'cause' ->> 'number' = entry.number::text
    ) AS effect ON true
    GROUP BY fact.measure_id
)
SELECT measure.measure_id, measure.case_id, supervised.region, supervised.subject_kind, supervised.subject_id,
       coalesce(hospital.region, person.region) AS subject_region, measure.kind, measure.status,
       (measure.amount / 100.0)::numeric(16,2) AS amount, measure.from_on, measure.until, measure.basis,
       measure.document_no, measure.reason, measure.decided_on, measure.due_on, measure.lifted_on, measure.answered_on,
       (paid_in.fen / 100.0)::numeric(16,2) AS paid, (paid_in.late / 100.0)::numeric(16,2) AS paid_late,
       coalesce(sent.facts, 0) AS facts, coalesce(sent.taken, 0) AS taken, coalesce(sent.refused, 0) AS refused,
       coalesce(sent.numbers, '{}') AS ledger_numbers, sent.reasons AS refusal_reasons,
       (CASE WHEN measure.kind = 'refund' AND sent.facts IS NULL AND measure.status = 'decided' THEN measure.amount
             ELSE coalesce(sent.fen, 0) END / 100.0)::numeric(16,2) AS to_recover,
       ((coalesce(sent.cleared, 0) + CASE measure.kind WHEN 'refund' THEN paid_in.fen ELSE 0 END) / 100.0)::numeric(16,2)
           AS recovered
FROM projections.case_measures AS measure
JOIN projections.cases AS supervised USING (case_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum((paid ->> 'amount')::bigint), 0) AS fen, coalesce(sum((paid ->> 'late')::bigint), 0) AS late
    FROM jsonb_array_elements(measure.payments) AS paid
) AS paid_in
LEFT JOIN projections.hospitals AS hospital ON hospital.hospital_id = supervised.hospital_id
LEFT JOIN LATERAL (
    SELECT enrolled.region FROM projections.enrolments AS enrolled
    WHERE supervised.subject_kind = 'person' AND enrolled.person_id = supervised.subject_id
    ORDER BY enrolled.year DESC LIMIT 1
) AS person ON true
LEFT JOIN sent USING (measure_id);

COMMENT ON VIEW finance.measures IS '监管措施：种类、金额、依据、文号，账本是否收下其事实，以及追回的基金。Measures of supervision: whether intake took what each sent, and what the funds got back';
COMMENT ON COLUMN finance.measures.measure_id IS '措施编号。Measure';
COMMENT ON COLUMN finance.measures.case_id IS '案件编号。Case';
COMMENT ON COLUMN finance.measures.region IS '办案医保局统筹区代码。Region of the bureau, GB/T 2260';
COMMENT ON COLUMN finance.measures.subject_kind IS '对象种类：hospital 医院，pharmacy 药店，person 参保人，doctor 医师。What the case is about';
COMMENT ON COLUMN finance.measures.subject_id IS '对象编号。Hospital, person or doctor';
COMMENT ON COLUMN finance.measures.subject_region IS '机构所在地或参保地代码。Where the hospital is, or the person is insured';
COMMENT ON COLUMN finance.measures.kind IS '措施种类。Kind of measure';
COMMENT ON COLUMN finance.measures.status IS '状态：proposed 待决定，withdrawn 已撤回，decided 已决定，lifted 已解除，罚款为已被另一决定替换。State';
COMMENT ON COLUMN finance.measures.amount IS '金额，元：罚款额，或认定的违规金额。Amount, yuan: of the fine, or of the bills that were found';
COMMENT ON COLUMN finance.measures.from_on IS '起日。First day';
COMMENT ON COLUMN finance.measures.until IS '止日（不含）。First day on which it holds no longer';
COMMENT ON COLUMN finance.measures.basis IS '依据。Clause that it rests on';
COMMENT ON COLUMN finance.measures.document_no IS '文号。Number of its document';
COMMENT ON COLUMN finance.measures.reason IS '理由。Reason';
COMMENT ON COLUMN finance.measures.decided_on IS '决定日期。Day of the decision';
COMMENT ON COLUMN finance.measures.due_on IS '缴款或回执期限。Day by which it is to be paid or answered';
COMMENT ON COLUMN finance.measures.lifted_on IS '解除日期。Day from which it was lifted';
COMMENT ON COLUMN finance.measures.answered_on IS '回执日期。Day of the answer';
COMMENT ON COLUMN finance.measures.paid IS '已缴，元。What was paid in, yuan';
COMMENT ON COLUMN finance.measures.paid_late IS '已缴加处罚款，元。What was paid in for paying late, yuan';
COMMENT ON COLUMN finance.measures.facts IS '发往账本的事实数。Facts that it sends to intake';
COMMENT ON COLUMN finance.measures.taken IS '账本已收下的事实数。How many of them intake took';
COMMENT ON COLUMN finance.measures.refused IS '账本拒收的事实数。How many of them intake refused';
COMMENT ON COLUMN finance.measures.ledger_numbers IS '收下的事实在账册 intake 中的序号。Numbers of the taken facts in journal intake';
COMMENT ON COLUMN finance.measures.refusal_reasons IS '拒收原因。Reasons of refusals';
COMMENT ON COLUMN finance.measures.to_recover IS '应追回基金，元：账本已收下并少付的，或应另行缴回的。What the funds are to get back, yuan: booked as paid less, or to be paid in';
COMMENT ON COLUMN finance.measures.recovered IS '已追回基金，元：其中已列入经复核的清算单的，或已缴回的。What of it they have, yuan: taken into an approved clearing, or paid in';
