-- runs is a counter: a run that changes nothing leaves no entry. So the ledger says only what it can't be lower than,
-- and so do the runs in flight, whose numbers must not be given again.
SELECT person_id, claims, greatest(named.runs, flying.runs, held.runs) AS runs
FROM (SELECT person_id, max(number) AS claims FROM pg_temp.acceptances GROUP BY person_id) AS accepted
JOIN (
    SELECT person_id, max(run) AS runs FROM ledger.entries WHERE person_id IS NOT NULL GROUP BY person_id
) AS named USING (person_id)
LEFT JOIN (SELECT person_id, max(run) AS runs FROM processors.runs GROUP BY person_id) AS flying USING (person_id)
LEFT JOIN (SELECT person_id, runs FROM projections.persons) AS held USING (person_id)
