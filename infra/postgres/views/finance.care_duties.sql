-- Who has what 安义 四(十四), 四(十五) promise, and who has not: of each year, the enrolled who are on a roster at its end (or
-- today). A contract counts by the register or by what the enrolment says; a check-up is due to who has a chronic card.
CREATE VIEW finance.care_duties AS
WITH clock AS (
    SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day
), persons AS (
    SELECT home.year, home.region, home.township, home.household_id, home.person_id,
           least(clock.day, make_date(home.year, 12, 31)) AS day, coalesce(home.contracted_doctor, false) AS stated
    FROM projections.enrolments AS home CROSS JOIN clock
    WHERE home.year <= extract(year FROM clock.day) AND home.effective_on <= least(clock.day, make_date(home.year, 12, 31))
      AND coalesce(home.ended_on, 'infinity') > least(clock.day, make_date(home.year, 12, 31))
      AND coalesce(home.died_on, 'infinity') >= least(clock.day, make_date(home.year, 12, 31))
), rostered AS (
    SELECT person.*, roster.categories
    FROM persons AS person
    CROSS JOIN LATERAL (
        SELECT array_agg(category ORDER BY category) AS categories FROM (
            SELECT DISTINCT ON (category) category, added FROM projections.rosters
            WHERE rosters.person_id = person.person_id AND rosters.effective_on <= person.day
            ORDER BY category, effective_on DESC, number DESC
        ) AS last WHERE added
    ) AS roster
    WHERE roster.categories IS NOT NULL
), facts AS (
    SELECT person.*,
           (SELECT array_agg(DISTINCT card.disease ORDER BY card.disease) FROM projections.cards AS card
            WHERE card.person_id = person.person_id AND card.issued AND card.effective_on <= person.day
              AND NOT EXISTS (SELECT FROM projections.cards AS later
                              WHERE later.person_id = card.person_id AND later.disease = card.disease
                                AND NOT later.issued AND later.number > card.number
                                AND later.effective_on >= card.effective_on AND later.effective_on <= person.day)
           ) AS diseases,
           (SELECT max(entry.held_on) FROM projections.register_entries AS entry
            WHERE entry.person_id = person.person_id AND entry.register = 'contracts' AND entry.status <> 'withdrawn'
              AND entry.held_on <= person.day AND coalesce(entry.until, 'infinity') > person.day) AS contracted_on,
           (SELECT max(entry.held_on) FROM projections.register_entries AS entry
            WHERE entry.person_id = person.person_id AND entry.register = 'checkups' AND entry.status <> 'withdrawn'
              AND entry.held_on <= person.day) AS examined_on
    FROM rostered AS person
)
SELECT year, region, township, household_id, person_id, categories, stated OR contracted_on IS NOT NULL AS contracted,
       contracted_on, coalesce(diseases, '{}') AS diseases, examined_on,
       CASE WHEN diseases IS NOT NULL THEN coalesce(extract(year FROM examined_on) = year, false) END AS examined,
       CASE WHEN diseases IS NOT NULL AND extract(year FROM examined_on) IS DISTINCT FROM year
            THEN make_date(year, 12, 31) END AS examination_due_on
FROM facts;

COMMENT ON VIEW finance.care_duties IS '贫困人口签约和慢性病年度体检：谁已办，谁应办（安义 四(十四)、四(十五)）。Of each year the rostered: who has a contracted doctor, whose yearly check-up is due';
COMMENT ON COLUMN finance.care_duties.year IS '年度。Year';
COMMENT ON COLUMN finance.care_duties.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.care_duties.township IS '乡镇。Township';
COMMENT ON COLUMN finance.care_duties.household_id IS '户编号。Household';
COMMENT ON COLUMN finance.care_duties.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.care_duties.categories IS '在册类别。Categories rostered under';
COMMENT ON COLUMN finance.care_duties.contracted IS '是否签约：台账或参保登记。Whether a doctor is contracted, by the register or the enrolment';
COMMENT ON COLUMN finance.care_duties.contracted_on IS '签约日（台账）。Day of the contract that stands';
COMMENT ON COLUMN finance.care_duties.diseases IS '持卡病种。Diseases of the cards that stand';
COMMENT ON COLUMN finance.care_duties.examined_on IS '最近体检日。Day of the last check-up';
COMMENT ON COLUMN finance.care_duties.examined IS '当年是否体检；无卡为空。Whether examined in the year; null without a card';
COMMENT ON COLUMN finance.care_duties.examination_due_on IS '应检截止日；已检或无卡为空。By when the check-up is due';
