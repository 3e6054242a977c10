WITH registered AS (
    SELECT DISTINCT ON (said.hospital_id)
           said.hospital_id, said.name, said.tier::smallint AS tier, said.region, said.designated_from,
           said.designated_until
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(
        hospital_id text, name text, tier numeric, region text, designated_from date, designated_until date)
    WHERE type = 'hospital.registered.v1'
    ORDER BY said.hospital_id, number DESC
), kinds AS (
    -- a registration that names no kind leaves the one that was named
    SELECT DISTINCT ON (said.hospital_id) said.hospital_id, said.kind
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(hospital_id text, kind text)
    WHERE type = 'hospital.registered.v1' AND said.kind IS NOT NULL
    ORDER BY said.hospital_id, number DESC
), days AS (
    -- Of two changes with one date the later recorded wins.
    SELECT DISTINCT ON (said.hospital_id, said.effective_on)
           said.hospital_id, said.effective_on AS day, type = 'hospital.suspended.v1' AS suspended
    FROM pg_temp.facts
    CROSS JOIN LATERAL json_to_record(said) AS said(hospital_id text, effective_on date)
    WHERE type IN ('hospital.suspended.v1', 'hospital.reinstated.v1')
    ORDER BY said.hospital_id, said.effective_on, number DESC
), turns AS (
    SELECT hospital_id, array_agg(day ORDER BY day) AS suspended
    FROM (
        SELECT hospital_id, day,
               suspended <> lag(suspended, 1, false) OVER (PARTITION BY hospital_id ORDER BY day) AS turned
        FROM days
    ) AS changes
    WHERE turned
    GROUP BY hospital_id
)
SELECT registered.*, coalesce(turns.suspended, '{}') AS suspended, coalesce(kinds.kind, 'hospital') AS kind
FROM registered
LEFT JOIN kinds USING (hospital_id)
LEFT JOIN turns USING (hospital_id)
