SELECT person_id, year, scheme, layer, track, sum(base) AS base, sum(deductible) AS deductible, sum(paid) AS paid,
       sum(extra) AS extra, sum(ran) AS claims
FROM ledger.entries
WHERE stage >= 0 AND stage < 100
GROUP BY person_id, year, scheme, layer, track
