-- The CASE: see finance.chronic_cards.
CREATE VIEW finance.hospital_measures AS
SELECT measure.day, measure.hospital_id, hospital.name, hospital.kind, hospital.region, measure.measure, measure.reference,
       measure.amount::numeric(16,2) AS amount, measure.reason, measure.clause, measure.source,
       CASE WHEN starts_with(entry.type, 'hospital.') OR starts_with(entry.type, 'fine.')
            THEN convert_from(entry.raw, 'UTF8')::json ->> 'actor' END AS actor,
       entry.recorded_at
FROM (
    SELECT number, effective_on AS day, hospital_id, CASE WHEN suspended THEN 'suspended' ELSE 'reinstated' END AS measure,
           NULL AS reference, NULL::numeric AS amount, reason, clause, source
    FROM projections.suspensions
    UNION ALL
    SELECT number, imposed_on, hospital_id, 'fined', fine_id, amount / 100.0, reason, clause, source
    FROM projections.fines
) AS measure
LEFT JOIN projections.hospitals AS hospital USING (hospital_id)
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = measure.number;

COMMENT ON VIEW finance.hospital_measures IS '对定点医药机构的处理：暂停（中止）、恢复、罚款。Measures on hospitals and pharmacies, each an event';
COMMENT ON COLUMN finance.hospital_measures.day IS '日期。Day of effect, or of the decision';
COMMENT ON COLUMN finance.hospital_measures.hospital_id IS '医药机构编号。Hospital';
COMMENT ON COLUMN finance.hospital_measures.name IS '名称。Name';
COMMENT ON COLUMN finance.hospital_measures.kind IS '机构类别。Kind of institution';
COMMENT ON COLUMN finance.hospital_measures.region IS '所在地。Region in which it lies';
COMMENT ON COLUMN finance.hospital_measures.measure IS '处理：suspended 暂停（中止），reinstated 恢复，fined 罚款。What was done';
COMMENT ON COLUMN finance.hospital_measures.reference IS '文号。The bureau''s number of it';
COMMENT ON COLUMN finance.hospital_measures.amount IS '金额，元。Amount, yuan';
COMMENT ON COLUMN finance.hospital_measures.reason IS '原因。Why';
COMMENT ON COLUMN finance.hospital_measures.clause IS '依据。Clause';
COMMENT ON COLUMN finance.hospital_measures.source IS '作出机关。Who did it';
COMMENT ON COLUMN finance.hospital_measures.actor IS '经办人。Who did it there, where the event says so';
COMMENT ON COLUMN finance.hospital_measures.recorded_at IS '入账时间。When the ledger took it';
