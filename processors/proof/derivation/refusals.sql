SELECT number, stream_seq, entry.source AS identity_source, entry.event_id AS identity_id, entry.source AS mailbox,
       said.source, said.event_id, said.type,
       coalesce(entry.claim_id,
                CASE WHEN said.event_id COLLATE "C" ~ '^[A-Za-z0-9_-]{1,128}$' THEN said.event_id
                     ELSE stream_seq::text END) AS subject,
       said.reason, said.detail, said.detail_zh
FROM ledger.entries AS entry
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS said(
    source text, event_id text, type text, reason text, detail text, detail_zh text)
WHERE entry.journal = 'intake' AND entry.type = 'event.rejected.v1'
