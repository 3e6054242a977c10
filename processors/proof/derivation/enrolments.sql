WITH recorded AS (
    SELECT DISTINCT ON (said.person_id, said.year)
           said.person_id, said.year::smallint AS year, said.region,
           coalesce(said.effective_on, make_date(said.year::integer, 1, 1)) AS effective_on,
           -- what intake fixed of it; entries from before it did say only what was sent
           CASE WHEN convert_from(fixed, 'UTF8')::jsonb -> 'self_paid' IS NOT NULL
                THEN (convert_from(fixed, 'UTF8')::json ->> 'self_paid')::bigint
                ELSE pg_temp.fen(said.self_paid) END AS self_paid,
           convert_from(fixed, 'UTF8')::json ->> 'scheme' AS scheme, number
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        person_id text, year numeric, region text, effective_on date, self_paid text)
    WHERE type = 'enrollment.recorded.v1'
    ORDER BY said.person_id, said.year, number DESC
), died AS (
    SELECT DISTINCT ON (person_id) person_id, (said ->> 'died_on')::date AS died_on
    FROM pg_temp.facts WHERE type = 'person.died.v1' ORDER BY person_id, number DESC
), ended AS (
    SELECT DISTINCT ON (person_id, said ->> 'year') person_id, (said ->> 'year')::smallint AS year,
           (said ->> 'effective_on')::date AS ended_on, number
    FROM pg_temp.facts WHERE type = 'enrollment.ended.v1' ORDER BY person_id, said ->> 'year', number DESC
)
SELECT recorded.person_id, recorded.year, recorded.region, recorded.effective_on, recorded.self_paid, recorded.scheme,
       died.died_on, ended.ended_on
FROM recorded
LEFT JOIN died USING (person_id)
-- an enrollment recorded behind an end begins anew
LEFT JOIN ended ON ended.person_id = recorded.person_id AND ended.year = recorded.year AND ended.number > recorded.number
