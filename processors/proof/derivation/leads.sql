-- Each event says in which state it leaves its lead; found and changed say all of it, with who acted forgotten where it is
-- open again.
WITH events AS (
    SELECT number, type, recorded_at, said, said ->> 'lead_id' AS lead_id,
           type IN ('lead.found.v1', 'lead.changed.v1') AS says_all
    FROM ledger.entries
    CROSS JOIN LATERAL (SELECT convert_from(data, 'UTF8')::jsonb AS said) AS data
    WHERE journal = 'leads.0'
), found AS (
    SELECT DISTINCT ON (lead_id) lead_id, number, recorded_at FROM events WHERE says_all ORDER BY lead_id, number
), content AS (
    SELECT DISTINCT ON (lead_id) lead_id, said FROM events WHERE says_all ORDER BY lead_id, number DESC
), latest AS (
    SELECT DISTINCT ON (lead_id) lead_id, number, recorded_at, said FROM events ORDER BY lead_id, number DESC
), signed AS (
    -- of the last step of an office, or the last time that it was said to be open
    SELECT DISTINCT ON (lead_id) lead_id, said FROM events
    WHERE said ? 'actor' OR says_all AND said ->> 'state' = 'open'
    ORDER BY lead_id, number DESC
)
SELECT lead_id, found.number, content.said ->> 'rule' AS rule, (content.said ->> 'version')::int AS version,
       content.said ->> 'severity' AS severity, content.said ->> 'region' AS region,
       content.said ->> 'person_id' AS person_id, content.said ->> 'hospital_id' AS hospital_id,
       (content.said ->> 'year')::smallint AS year,
       ARRAY(SELECT jsonb_array_elements_text(content.said -> 'claims')) AS claims,
       ARRAY(SELECT day::date FROM jsonb_array_elements_text(content.said -> 'dates') AS day) AS dates,
       content.said -> 'at_risk' AS at_risk,
       (SELECT coalesce(sum(amount::bigint), 0)::bigint FROM jsonb_each_text(content.said -> 'at_risk')
           AS risk(layer, amount)) AS at_risk_total,
       (content.said ->> 'outlier')::bigint AS outlier, content.said -> 'evidence' AS evidence,
       latest.said ->> 'state' AS state, (latest.said ->> 'shown')::boolean AS shown,
       found.recorded_at AS found_at, latest.recorded_at AS changed_at, latest.number AS changed,
       signed.said ->> 'actor' AS actor, signed.said ->> 'login' AS login, signed.said ->> 'reason' AS reason,
       signed.said ->> 'case_id' AS case_id
FROM found JOIN content USING (lead_id) JOIN latest USING (lead_id) LEFT JOIN signed USING (lead_id)
