SELECT scheme, target, coalesce(starts, scheme_starts) AS since, coalesce(ends, scheme_ends) AS until,
       CASE WHEN share = round(share, 2) THEN round(share, 2) ELSE trim_scale(share) END AS value, grade, cite
FROM (
    SELECT scheme, target, starts, scheme_starts, ends, scheme_ends, numerator::numeric / denominator AS share, grade, cite
    FROM pg_temp.stated
) AS stated
