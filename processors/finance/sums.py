"""The statements that move finance's sums forward by what the ledger has booked since.

Each takes ``:journals``, ``:lows`` and ``:highs``: of journal n, the entries after low and up to high. All that one
of them reads is as it was before it wrote anything.
"""

from events.store.rows import conflict
from projections.bookings import ENTRIES_IN_RANGES, IS_BOOKING, OF_FIRST_RUN
from projections.finance import counted_claims
from projections.fund_bookings import BOOKED_ON_FUNDS

_RANGES = f"""
WITH ranges AS (
    SELECT journal, low, high
    FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
         AS taken(journal, low, high)
), booked AS (
    SELECT entry.type, entry.recorded_at, entry.claim_id, entry.run, entry.layer, entry.paid
    FROM ranges
    {ENTRIES_IN_RANGES}
)"""  # noqa: S608 - our own words

FUND_FLOWS = (
    _RANGES
    + f"""
INSERT INTO projections.fund_flows AS flows (month, region, setting, layer, decided, adjusted, bookings)
SELECT to_char(entry.recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, claim.region, claim.setting,
       coalesce(entry.layer, 'grant') AS layer,
       coalesce(sum(entry.paid) FILTER (WHERE first.settled), 0),
       coalesce(sum(entry.paid) FILTER (WHERE NOT first.settled), 0),
       count(*)
FROM booked AS entry JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
-- a layer that a late fact made run for the first time decides too, but not in the claim's own first run
CROSS JOIN LATERAL (
    SELECT entry.type = 'grant.awarded.v1' OR entry.type = 'payout.decided.v1' AND {OF_FIRST_RUN}
) AS first(settled)
WHERE {IS_BOOKING}
GROUP BY 1, 2, 3, 4
ON CONFLICT (month, region, setting, layer) DO UPDATE
SET decided = flows.decided + excluded.decided, adjusted = flows.adjusted + excluded.adjusted,
    bookings = flows.bookings + excluded.bookings
"""  # noqa: S608 - our own conditions
)

FUND_BOOKINGS = f"""
WITH ranges AS (
    SELECT journal, low, high
    FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
         AS taken(journal, low, high)
), booked AS ({BOOKED_ON_FUNDS})
INSERT INTO projections.fund_bookings AS sums (month, service_month, year, scheme, region, fund, insurer, line,
                                               other_fund, amount, bookings)
SELECT month, service_month, year, scheme, region, fund, insurer, line, other_fund, sum(amount), count(*)
FROM booked
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ON CONFLICT (month, service_month, year, scheme, region, fund, insurer, line, other_fund) DO UPDATE
SET amount = sums.amount + excluded.amount, bookings = sums.bookings + excluded.bookings
"""  # noqa: S608 - our own statement

_COUNTED = tuple(counted_claims.columns.keys())
_FRESH = ", ".join(_COUNTED)
_KNOWN = ", ".join(f"counted_claims.{name}" for name in _COUNTED)

CLAIMS = (
    _RANGES  # noqa: S608 - no word of it comes from outside
    + f""", touched AS MATERIALIZED (
    SELECT DISTINCT claim_id FROM booked WHERE type IN ('claim.settled.v1', 'claim.resettled.v1')
), fresh AS MATERIALIZED (
    SELECT statements.claim_id, statements.year, statements.region, statements.scheme, statements.setting,
           statements.poor, statements.person_id, statements.hospital_id,
           coalesce(statements.disease, '') AS disease, statements.total, statements.audited_person AS audited,
           claims.self_funded, statements.layers, paid.fen AS paid, statements.patient_share, statements.hospital_share,
           coalesce(helped.base, 0) AS assistance_base, coalesce(helped.in_scope, 0) AS assistance_in_scope
    FROM touched
    JOIN projections.statements USING (claim_id)
    JOIN projections.claims USING (claim_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum((part ->> 1)::bigint), 0)::bigint AS fen
        FROM jsonb_array_elements(statements.layers) AS part
    ) AS paid
    CROSS JOIN LATERAL (
        SELECT sum(entries.base)::bigint AS base, sum(entries.paid - entries.extra)::bigint AS in_scope
        FROM ledger.entries
        WHERE entries.person_id = statements.person_id AND entries.claim_number = statements.number
          AND entries.layer = 'assistance'
    ) AS helped
    WHERE statements.status = 'settled'
), known AS MATERIALIZED (
    SELECT {_KNOWN} FROM touched JOIN projections.counted_claims USING (claim_id)
), lines AS MATERIALIZED (
    SELECT 1 AS sign, {_FRESH} FROM fresh UNION ALL SELECT -1, {_FRESH} FROM known
), counted AS (
    INSERT INTO projections.counted_claims ({_FRESH}) SELECT {_FRESH} FROM fresh
    {conflict(counted_claims)}
), reversed AS (
    DELETE FROM projections.counted_claims
    USING known
    WHERE counted_claims.claim_id = known.claim_id AND known.claim_id NOT IN (SELECT claim_id FROM fresh)
), by_person AS MATERIALIZED (
    SELECT year, region, scheme, setting, poor, person_id, sum(sign)::int AS claims, sum(sign * total)::bigint AS total,
           sum(sign * audited)::bigint AS audited, sum(sign * paid)::bigint AS paid,
           sum(sign * patient_share)::bigint AS patient_share,
           sum(sign * assistance_base)::bigint AS assistance_base,
           sum(sign * assistance_in_scope)::bigint AS assistance_in_scope
    FROM lines GROUP BY year, region, scheme, setting, poor, person_id
), persons AS (
    SELECT year, region, scheme, setting, poor,
           sum((coalesce(before.claims, 0) + by_person.claims > 0)::int
               - (coalesce(before.claims, 0) > 0)::int)::int AS more,
           sum((coalesce(before.assistance_base, 0) + by_person.assistance_base > 0)::int
               - (coalesce(before.assistance_base, 0) > 0)::int)::int AS more_assisted
    FROM by_person
    LEFT JOIN projections.person_years AS before USING (year, region, scheme, setting, poor, person_id)
    GROUP BY year, region, scheme, setting, poor
), summed_persons AS (
    INSERT INTO projections.person_years AS sums (year, region, scheme, setting, poor, person_id, claims, total,
                                                  audited, paid, patient_share, assistance_base,
                                                  assistance_in_scope)
    SELECT year, region, scheme, setting, poor, person_id, claims, total,
           audited, paid, patient_share, assistance_base, assistance_in_scope
    FROM by_person
    ON CONFLICT (year, region, scheme, setting, poor, person_id) DO UPDATE
    SET claims = sums.claims + excluded.claims, total = sums.total + excluded.total,
        audited = sums.audited + excluded.audited, paid = sums.paid + excluded.paid,
        patient_share = sums.patient_share + excluded.patient_share,
        assistance_base = sums.assistance_base + excluded.assistance_base,
        assistance_in_scope = sums.assistance_in_scope + excluded.assistance_in_scope
), summed_hospitals AS (
    INSERT INTO projections.hospital_years AS sums (year, hospital_id, claims, total, self_funded, stays, stays_total)
    SELECT year, hospital_id, sum(sign), sum(sign * total), sum(sign * self_funded),
           coalesce(sum(sign) FILTER (WHERE setting = 'inpatient'), 0),
           coalesce(sum(sign * total) FILTER (WHERE setting = 'inpatient'), 0)
    FROM lines GROUP BY year, hospital_id
    ON CONFLICT (year, hospital_id) DO UPDATE
    SET claims = sums.claims + excluded.claims, total = sums.total + excluded.total,
        self_funded = sums.self_funded + excluded.self_funded, stays = sums.stays + excluded.stays,
        stays_total = sums.stays_total + excluded.stays_total
), summed_diseases AS (
    INSERT INTO projections.disease_years AS sums (year, region, scheme, setting, disease, hospital_id, claims, total,
                                                   self_funded, paid, assistance)
    SELECT year, region, scheme, setting, disease, hospital_id, sum(sign), sum(sign * total), sum(sign * self_funded),
           sum(sign * paid), sum(sign * assisted.fen)
    FROM lines CROSS JOIN LATERAL (
        SELECT coalesce(sum((part ->> 1)::bigint), 0)::bigint AS fen
        FROM jsonb_array_elements(lines.layers) AS part WHERE part ->> 0 = 'assistance'
    ) AS assisted
    GROUP BY year, region, scheme, setting, disease, hospital_id
    ON CONFLICT (year, region, scheme, setting, disease, hospital_id) DO UPDATE
    SET claims = sums.claims + excluded.claims, total = sums.total + excluded.total,
        self_funded = sums.self_funded + excluded.self_funded, paid = sums.paid + excluded.paid,
        assistance = sums.assistance + excluded.assistance
), summed_layers AS (
    INSERT INTO projections.annual_layers AS sums (year, region, scheme, setting, poor, layer, paid)
    SELECT year, region, scheme, setting, poor, part ->> 0, sum(sign * (part ->> 1)::bigint)
    FROM lines CROSS JOIN LATERAL jsonb_array_elements(layers) AS part
    GROUP BY year, region, scheme, setting, poor, part ->> 0
    ON CONFLICT (year, region, scheme, setting, poor, layer) DO UPDATE SET paid = sums.paid + excluded.paid
)
INSERT INTO projections.annual_sums AS sums (year, region, scheme, setting, poor, claims, persons, assisted, total,
                                             paid, patient_share, hospital_share)
SELECT year, region, scheme, setting, poor, sum(sign), min(persons.more), min(persons.more_assisted),
       sum(sign * total), sum(sign * paid), sum(sign * patient_share), sum(sign * hospital_share)
FROM lines JOIN persons USING (year, region, scheme, setting, poor)
GROUP BY year, region, scheme, setting, poor
ON CONFLICT (year, region, scheme, setting, poor) DO UPDATE
SET claims = sums.claims + excluded.claims, persons = sums.persons + excluded.persons,
    assisted = sums.assisted + excluded.assisted, total = sums.total + excluded.total,
    paid = sums.paid + excluded.paid, patient_share = sums.patient_share + excluded.patient_share,
    hospital_share = sums.hospital_share + excluded.hospital_share
"""  # noqa: S608 - no word of it comes from outside
)

CONCERNS_ENROLMENT = (
    _RANGES
    + """
SELECT EXISTS (
    SELECT FROM booked
    WHERE type IN ('roster.changed.v1', 'enrollment.recorded.v1', 'enrollment.recorded.v2', 'person.died.v1')
)
"""
)

ROSTERED = """
WITH changes AS (
    SELECT person_id, category, added, number, effective_on,
           lead(effective_on) OVER (PARTITION BY person_id, category ORDER BY effective_on, number) AS until
    FROM projections.rosters
), held AS (
    SELECT person_id, category, number, effective_on, until FROM changes
    WHERE added AND (until IS NULL OR until > effective_on)
), members AS (
    SELECT years.year, held.person_id, array_agg(DISTINCT held.category) AS categories, max(held.number) AS number,
           bool_or(enrolled.year IS NOT NULL) AS enrolled
    FROM (SELECT DISTINCT year FROM projections.enrolments) AS years
    JOIN held ON held.effective_on < make_date(years.year + 1, 1, 1)
             AND (held.until IS NULL OR held.until > make_date(years.year, 1, 1))
    LEFT JOIN projections.enrolments AS enrolled
           ON enrolled.person_id = held.person_id AND enrolled.year = years.year
    WHERE NOT EXISTS (SELECT FROM projections.deaths
                      WHERE deaths.person_id = held.person_id AND deaths.died_on < make_date(years.year, 1, 1))
    GROUP BY years.year, held.person_id
), spoken AS (
    SELECT numbers.number, split_part(entries.source, '/', 2) AS region
    FROM (SELECT DISTINCT number FROM members) AS numbers
    JOIN ledger.entries ON entries.journal = 'intake' AND entries.number = numbers.number
), placed AS MATERIALIZED (
    SELECT members.year, members.person_id, members.categories, members.enrolled, spoken.region
    FROM members JOIN spoken USING (number)
), counted AS (
    INSERT INTO projections.roster_years (year, region, rostered, enrolled)
    SELECT year, region, count(*), count(*) FILTER (WHERE enrolled) FROM placed GROUP BY year, region
)
INSERT INTO projections.roster_gaps (year, person_id, region, categories)
SELECT year, person_id, region, categories FROM placed WHERE NOT enrolled
"""
