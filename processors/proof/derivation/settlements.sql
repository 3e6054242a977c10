-- The last statement of each claim. told_until: with runs in flight, the fact that opened the run of this one, for what
-- came later is not in it; with none, everything is (NULL).
SELECT entry.journal, entry.number AS entry, entry.type, entry.person_id, entry.claim_id, entry.claim_number, entry.run,
       said.region, said.scheme, said.year, said.setting, said.date, said.status, said.revision,
       replace(said.total, '.', '')::bigint AS total, said.categories, said.layers,
       replace(said.patient_share, '.', '')::bigint AS patient_share,
       replace(said.hospital_share, '.', '')::bigint AS hospital_share, said.payee,
       CASE WHEN EXISTS (SELECT FROM processors.runs WHERE runs.person_id = entry.person_id)
            THEN coalesce((decided.cause ->> 'number')::bigint, 0) END AS told_until
FROM (
    SELECT journal, max(number) AS number
    FROM ledger.entries
    WHERE stage = 100 AND type IN ('claim.settled.v1', 'claim.resettled.v1')
    GROUP BY journal, claim_id
) AS latest
JOIN ledger.entries AS entry USING (journal, number)
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS decided(statement json, cause json)
CROSS JOIN LATERAL json_to_record(decided.statement) AS said(
    region text, scheme text, year smallint, setting text, date date, status text, revision integer, total text,
    categories text[], layers json, patient_share text, hospital_share text, payee text)
