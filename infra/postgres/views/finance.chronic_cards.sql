-- A card stands until the first later revocation of its disease that does not lie before it; of several standing cards of one
-- disease the last recorded counts. What a card is held against is today, or the last day of the last year of which its
-- region has enrolments: nobody of an old ledger is insured today. The CASE over an entry's type holds the planner to read as
-- JSON what is JSON: texts of schemes and what was refused lie in the same journal.
CREATE VIEW finance.chronic_cards AS
WITH issued AS (
    SELECT card.number, card.person_id, card.disease, card.disease_class, card.effective_on,
           ending.effective_on AS withdrawn_on, ending.number AS withdrawal
    FROM projections.cards AS card
    LEFT JOIN LATERAL (
        SELECT effective_on, number FROM projections.cards AS later
        WHERE later.person_id = card.person_id AND later.disease = card.disease AND NOT later.issued
          AND later.number > card.number AND later.effective_on >= card.effective_on
        ORDER BY effective_on, number DESC LIMIT 1
    ) AS ending ON true
    WHERE card.issued
), reference AS (
    SELECT region, least((now() AT TIME ZONE 'Asia/Shanghai')::date, make_date(max(year), 12, 31)) AS day
    FROM projections.enrolments GROUP BY region
), placed AS (
    SELECT issued.*, home.region, home.township, home.household_id, home.sex, home.birth_month, home.died_on,
           home.year AS enrolled_year,
           coalesce(reference.day, (now() AT TIME ZONE 'Asia/Shanghai')::date) AS day,
           count(*) FILTER (WHERE withdrawn_on IS NULL) OVER (PARTITION BY issued.person_id, issued.disease) AS standing
    FROM issued
    LEFT JOIN LATERAL (
        SELECT year, region, township, household_id, sex, birth_month, died_on
        FROM projections.enrolments WHERE enrolments.person_id = issued.person_id ORDER BY year DESC LIMIT 1
    ) AS home ON true
    LEFT JOIN reference USING (region)
), rostered AS (
    SELECT placed.*, coalesce(roster.categories, '{}') AS categories
    FROM placed
    LEFT JOIN LATERAL (
        SELECT array_agg(category ORDER BY category) AS categories
        FROM (
            SELECT DISTINCT ON (category) category, added FROM projections.rosters
            WHERE rosters.person_id = placed.person_id AND rosters.effective_on <= placed.day
            ORDER BY category, effective_on DESC, number DESC
        ) AS last WHERE added
    ) AS roster ON true
)
SELECT card.region, card.township, card.household_id, card.person_id, card.disease, card.disease_class,
       card.effective_on AS issued_on, card.withdrawn_on, card.withdrawn_on IS NULL AS stands,
       'registered_poor' = ANY (card.categories) AS registered_poor, card.categories,
       coalesce(CASE WHEN starts_with(entry.type, 'chronic_card.')
                     THEN (convert_from(entry.raw, 'UTF8')::json -> 'data' ->> 'on_site')::boolean END, false) AS on_site,
       CASE WHEN starts_with(entry.type, 'chronic_card.')
            THEN convert_from(entry.raw, 'UTF8')::json -> 'data' ->> 'corrects' END AS issue_corrects,
       CASE WHEN starts_with(ending.type, 'chronic_card.')
            THEN convert_from(ending.raw, 'UTF8')::json -> 'data' ->> 'corrects' END AS withdrawal_corrects,
       CASE WHEN card.withdrawn_on IS NULL THEN array_remove(ARRAY[
           CASE WHEN card.enrolled_year IS NULL THEN 'unknown_person' END,
           CASE WHEN card.enrolled_year IS NOT NULL AND NOT EXISTS (
               -- not the last enrollment: next year's begins to come in before this one ends
               SELECT FROM projections.enrolments AS cover
               WHERE cover.person_id = card.person_id AND cover.year = extract(year FROM card.day)
                 AND cover.effective_on <= card.day AND coalesce(cover.ended_on, 'infinity') > card.day
           ) THEN 'not_enrolled' END,
           CASE WHEN card.died_on < card.day THEN 'died' END,
           CASE WHEN card.standing > 1 THEN 'two_cards' END,
           CASE WHEN card.enrolled_year IS NOT NULL AND card.sex IS NULL THEN 'no_sex' END,
           CASE WHEN card.enrolled_year IS NOT NULL AND card.birth_month IS NULL THEN 'no_birth_month' END,
           CASE WHEN card.enrolled_year IS NOT NULL AND card.household_id IS NULL THEN 'no_household' END,
           CASE WHEN card.enrolled_year IS NOT NULL AND card.township IS NULL THEN 'no_township' END,
           CASE WHEN card.categories = '{}' THEN 'not_rostered' END
       ], NULL) ELSE '{}' END AS faults,
       entry.source,
       CASE WHEN starts_with(entry.type, 'chronic_card.')
            THEN convert_from(entry.raw, 'UTF8')::json ->> 'actor' END AS actor,
       entry.recorded_at
FROM rostered AS card
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = card.number
LEFT JOIN ledger.entries AS ending ON ending.journal = 'intake' AND ending.number = card.withdrawal;

COMMENT ON VIEW finance.chronic_cards IS '慢性病卡台账：每张卡的发放、注销、错漏和信息不全。Chronic cards: each that was issued, when it was withdrawn, and what is wrong with it or lacks';
COMMENT ON COLUMN finance.chronic_cards.region IS '统筹区代码（最近参保）。Region of the last enrolment; null of an unknown person';
COMMENT ON COLUMN finance.chronic_cards.township IS '乡镇。Township, nine digits';
COMMENT ON COLUMN finance.chronic_cards.household_id IS '户编号。Household';
COMMENT ON COLUMN finance.chronic_cards.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.chronic_cards.disease IS '病种代码。Disease';
COMMENT ON COLUMN finance.chronic_cards.disease_class IS '类别：I 或 II。Class';
COMMENT ON COLUMN finance.chronic_cards.issued_on IS '起用日。First day valid';
COMMENT ON COLUMN finance.chronic_cards.withdrawn_on IS '注销日；空为未注销。First day no longer valid; null while it stands';
COMMENT ON COLUMN finance.chronic_cards.stands IS '是否未注销。Whether it was not withdrawn';
COMMENT ON COLUMN finance.chronic_cards.registered_poor IS '是否建档立卡。Whether the person is on the roster of the registered poor, on the day as of which the region is looked at';
COMMENT ON COLUMN finance.chronic_cards.categories IS '在册类别。Categories rostered under on that day';
COMMENT ON COLUMN finance.chronic_cards.on_site IS '上门办理。Issued at the home or in the township';
COMMENT ON COLUMN finance.chronic_cards.issue_corrects IS '发卡纠正：missed 漏办，wrong 错办，incomplete 信息不全。What the issue put right';
COMMENT ON COLUMN finance.chronic_cards.withdrawal_corrects IS '注销纠正：wrong 错办，incomplete 信息不全。What the withdrawal put right';
COMMENT ON COLUMN finance.chronic_cards.faults IS '错漏：unknown_person 无此人，not_enrolled 未参保，died 已故，two_cards 一病两卡，no_sex、no_birth_month、no_household、no_township 信息不全，not_rostered 不在册。What is wrong or lacks, of a card that stands';
COMMENT ON COLUMN finance.chronic_cards.source IS '发卡机构。Who stated the issue';
COMMENT ON COLUMN finance.chronic_cards.actor IS '经办人。Who did it, where the event says so';
COMMENT ON COLUMN finance.chronic_cards.recorded_at IS '入账时间。When the ledger took it';
