WITH recorded AS (
    SELECT DISTINCT ON (said.person_id, said.year)
           said.person_id, said.year::smallint AS year, said.region,
           coalesce(said.effective_on, make_date(said.year::integer, 1, 1)) AS effective_on,
           pg_temp.fen(said.self_paid) AS self_paid, convert_from(fixed, 'UTF8')::json ->> 'scheme' AS scheme
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        person_id text, year numeric, region text, effective_on date, self_paid text)
    WHERE type = 'enrollment.recorded.v1'
    ORDER BY said.person_id, said.year, number DESC
), died AS (
    SELECT DISTINCT ON (person_id) person_id, (said ->> 'died_on')::date AS died_on
    FROM pg_temp.facts WHERE type = 'person.died.v1' ORDER BY person_id, number DESC
)
SELECT recorded.*, died.died_on
FROM recorded
LEFT JOIN died USING (person_id)
