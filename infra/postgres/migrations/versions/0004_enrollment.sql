-- An enrollment that ends within its year; and of claims refused for want of an enrollment whose they are and of which day,
-- so that their hospitals are told once the person is enrolled. Filled from the refused events.

ALTER TABLE projections.enrolments ADD COLUMN ended_on date;
COMMENT ON COLUMN projections.enrolments.ended_on IS
    'first day no longer insured, where the enrollment ended within the year';

ALTER TABLE projections.refusals ADD COLUMN person_id text, ADD COLUMN day date;
COMMENT ON COLUMN projections.refusals.person_id IS 'of a claim refused as not_enrolled';
COMMENT ON COLUMN projections.refusals.day IS 'of that claim: its discharge or visit';

UPDATE projections.refusals AS refusal
SET person_id = sent.data ->> 'person_id',
    day = coalesce(sent.data ->> 'discharged_on', sent.data ->> 'served_on')::date
FROM ledger.entries AS entry
CROSS JOIN LATERAL (SELECT convert_from(entry.raw, 'UTF8')::json -> 'data' AS data) AS sent
WHERE refusal.reason = 'not_enrolled' AND refusal.type IN ('discharge.recorded.v1', 'outpatient.recorded.v1')
  AND entry.journal = 'intake' AND entry.number = refusal.number;

CREATE INDEX refusals_person ON projections.refusals (person_id) WHERE person_id IS NOT NULL;
