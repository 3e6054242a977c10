-- What went on, into the books or refused, has an entry of its own under the same identity.
SELECT number, stream_seq, source, event_id, coalesce(claim_id, '') AS claim_id,
       convert_from(data, 'UTF8')::json ->> 'waits_for' AS admission_id, raw
FROM ledger.entries AS entry
WHERE journal = 'intake' AND type = 'event.waiting.v1' AND NOT EXISTS (
    SELECT FROM ledger.entries AS later
    WHERE later.source = entry.source AND later.event_id = entry.event_id AND later.type <> 'event.waiting.v1')
