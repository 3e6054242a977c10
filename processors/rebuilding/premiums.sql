SELECT entry.person_id, entry.year, entry.scheme, entry.layer, split_part(entry.type, '.', 2) AS kind,
       entry.track AS payer, latest.amount, said.category, said.cite, said.grade
FROM (
    SELECT max(number) AS number, sum(paid) AS amount
    FROM ledger.entries
    WHERE journal = 'intake'
          AND type IN ('premium.subsidised.v1', 'premium.purchased.v1', 'premium.refunded.v1')
    GROUP BY person_id, year, scheme, layer, type, track
) AS latest
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = latest.number
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS said(category text, cite text, grade text)
