-- Yuan as a sender may write them, in fen. Past the usual form stand exponents and any number of zeros: what was
-- accepted is exact to the fen, so that once the zeros at the end are cut off only digits of fen are left.
CREATE OR REPLACE FUNCTION pg_temp.fen(amount text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
SELECT CASE WHEN amount ~ '^[0-9]{1,15}([.][0-9]{1,2})?$' THEN (amount::numeric * 100)::bigint ELSE (
    SELECT CASE WHEN cut.digits = '' THEN 0
                ELSE rpad(cut.digits, (length(parts.digits) + 2 + parts.exponent - parts.decimals)::integer, '0')::bigint
           END
    FROM regexp_match(amount, '^-?([0-9]+)[.]?([0-9]*)([eE](.+))?$') AS said(part)
    CROSS JOIN LATERAL (
        SELECT ltrim(part[1] || part[2], '0') AS digits, length(part[2]) AS decimals,
               coalesce(part[4], '0')::numeric AS exponent
    ) AS parts
    CROSS JOIN LATERAL (SELECT rtrim(parts.digits, '0') AS digits) AS cut
) END
$$
