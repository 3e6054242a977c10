WITH recorded AS (
    SELECT DISTINCT ON (said.person_id, said.year)
           said.person_id, said.year::smallint AS year, said.region,
           coalesce(said.effective_on, make_date(said.year::integer, 1, 1)) AS effective_on,
           -- what intake fixed of it; entries from before it did say only what was sent
           CASE WHEN convert_from(fixed, 'UTF8')::jsonb -> 'self_paid' IS NOT NULL
                THEN (convert_from(fixed, 'UTF8')::json ->> 'self_paid')::bigint
                ELSE pg_temp.fen(said.self_paid) END AS self_paid,
           convert_from(fixed, 'UTF8')::json ->> 'scheme' AS scheme, number,
           -- version 1 means a resident
           coalesce(said.insurance_type, 'resident') AS insurance_type
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        person_id text, year numeric, region text, effective_on date, self_paid text, insurance_type text)
    WHERE type IN ('enrollment.recorded.v1', 'enrollment.recorded.v2')
    ORDER BY said.person_id, said.year, number DESC
), told AS (
    SELECT said.*, said.year::smallint AS of_year, number,
           -- a household and a place are those of one region
           max(number) FILTER (WHERE said.region <> recorded.region)
               OVER (PARTITION BY said.person_id, said.year) AS elsewhere
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        person_id text, year numeric, region text, birth_month text, sex text, household_id text, township text,
        village text, contracted_doctor boolean, years_insured numeric)
    JOIN (SELECT person_id, year, region FROM recorded) AS recorded
        ON recorded.person_id = said.person_id AND recorded.year = said.year
    WHERE type IN ('enrollment.recorded.v1', 'enrollment.recorded.v2')
), kept AS (
    -- what an enrollment leaves out stays as it was said of the year before
    SELECT person_id, of_year AS year,
           (array_agg(birth_month ORDER BY number DESC) FILTER (WHERE birth_month IS NOT NULL))[1] AS birth_month,
           (array_agg(sex ORDER BY number DESC) FILTER (WHERE sex IS NOT NULL))[1] AS sex,
           (array_agg(household_id ORDER BY number DESC)
               FILTER (WHERE household_id IS NOT NULL AND number > coalesce(elsewhere, 0)))[1] AS household_id,
           (array_agg(township ORDER BY number DESC)
               FILTER (WHERE coalesce(township, village) IS NOT NULL AND number > coalesce(elsewhere, 0)))[1] AS township,
           (array_agg(village ORDER BY number DESC)
               FILTER (WHERE coalesce(township, village) IS NOT NULL AND number > coalesce(elsewhere, 0)))[1] AS village,
           (array_agg(contracted_doctor ORDER BY number DESC)
               FILTER (WHERE contracted_doctor IS NOT NULL))[1] AS contracted_doctor,
           (array_agg(years_insured ORDER BY number DESC) FILTER (WHERE years_insured IS NOT NULL))[1]::smallint AS years_insured
    FROM told
    GROUP BY person_id, of_year
), died AS (
    SELECT DISTINCT ON (person_id) person_id, (said ->> 'died_on')::date AS died_on
    FROM pg_temp.facts WHERE type = 'person.died.v1' ORDER BY person_id, number DESC
), ended AS (
    SELECT DISTINCT ON (person_id, said ->> 'year') person_id, (said ->> 'year')::smallint AS year,
           (said ->> 'effective_on')::date AS ended_on, number
    FROM pg_temp.facts WHERE type = 'enrollment.ended.v1' ORDER BY person_id, said ->> 'year', number DESC
)
SELECT recorded.person_id, recorded.year, recorded.region, recorded.effective_on, recorded.self_paid, recorded.scheme,
       died.died_on, ended.ended_on, recorded.insurance_type, kept.birth_month, kept.sex, kept.household_id,
       kept.township, kept.village, kept.contracted_doctor, kept.years_insured
FROM recorded
LEFT JOIN kept USING (person_id, year)
LEFT JOIN died USING (person_id)
-- an enrollment recorded behind an end begins anew
LEFT JOIN ended ON ended.person_id = recorded.person_id AND ended.year = recorded.year AND ended.number > recorded.number
