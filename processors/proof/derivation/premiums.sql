SELECT entry.person_id, entry.year, latest.region, entry.scheme, entry.layer, split_part(entry.type, '.', 2) AS kind,
       entry.track AS payer, latest.amount, said.category, said.cite, said.grade
FROM (
    SELECT said.region, max(booked.number) AS number, sum(booked.paid) AS amount
    FROM ledger.entries AS booked
    CROSS JOIN LATERAL json_to_record(convert_from(booked.data, 'UTF8')::json) AS said(region text)
    WHERE booked.journal = 'intake'
          AND booked.type IN ('premium.subsidised.v1', 'premium.purchased.v1', 'premium.refunded.v1')
    GROUP BY booked.person_id, booked.year, said.region, booked.scheme, booked.layer, booked.type, booked.track
) AS latest
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = latest.number
CROSS JOIN LATERAL json_to_record(convert_from(entry.data, 'UTF8')::json) AS said(category text, cite text, grade text)
