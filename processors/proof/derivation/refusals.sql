SELECT number, stream_seq, entry.source AS identity_source, entry.event_id AS identity_id, entry.source AS mailbox,
       said.source, said.event_id, said.type,
       coalesce(entry.claim_id,
                CASE WHEN said.event_id COLLATE "C" ~ '^[A-Za-z0-9_-]{1,128}$' THEN said.event_id
                     ELSE stream_seq::text END) AS subject,
       said.reason, said.detail, said.detail_zh, claim.sent ->> 'person_id' AS person_id,
       coalesce(claim.sent ->> 'discharged_on', claim.sent ->> 'served_on', claim.sent ->> 'billed_on')::date AS day
FROM ledger.entries AS entry
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS said(
    source text, event_id text, type text, reason text, detail text, detail_zh text, sha256 text)
-- what was refused may be no JSON at all, or kept in part: CASE looks at the reason first
CROSS JOIN LATERAL (
    SELECT CASE WHEN said.reason = 'not_enrolled' AND said.sha256 IS NULL
                     AND said.type IN ('discharge.recorded.v1', 'interim.recorded.v1', 'outpatient.recorded.v1',
                                       'bill.submitted.v1')
                THEN convert_from(entry.raw, 'UTF8')::json -> 'data' END AS sent
) AS claim
WHERE entry.journal = 'intake' AND entry.type = 'event.rejected.v1'
