-- 漏办: who was refused a chronic claim for want of a card, and who is poor through a disease for which the region gives cards,
-- and holds no standing card of the disease; the dead need none. A large refused event is kept by its digest and head, and is passed over.
CREATE VIEW finance.missing_cards AS
WITH refusals AS MATERIALIZED (
    -- by itself: the journal has texts of schemes too, and the planner would read these as JSON
    SELECT entry.raw, entry.data
    FROM projections.refusals AS refusal
    JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = refusal.number
    WHERE refusal.reason = 'chronic_card_missing' AND refusal.type = 'outpatient.recorded.v1'
), refused AS (
    SELECT said ->> 'person_id' AS person_id, said ->> 'disease' AS disease, (said ->> 'served_on')::date AS day
    FROM (
        SELECT CASE WHEN convert_from(data, 'UTF8')::json ->> 'sha256' IS NULL
                    THEN convert_from(raw, 'UTF8')::json -> 'data' END AS said
        FROM refusals
    ) AS kept
    WHERE said IS NOT NULL
), caused AS (
    SELECT entry.person_id, entry.disease, entry.held_on AS day
    FROM projections.register_entries AS entry
    WHERE entry.register = 'poverty_causes' AND entry.status = 'standing'
      AND EXISTS (SELECT FROM projections.cards WHERE cards.disease = entry.disease AND cards.issued)
), wanted AS (
    SELECT person_id, disease, 'refused' AS reason, min(day) AS since, count(*) AS times
    FROM refused WHERE disease IS NOT NULL GROUP BY person_id, disease
    UNION ALL
    SELECT person_id, disease, 'poverty_cause', min(day), count(*) FROM caused GROUP BY person_id, disease
)
SELECT home.region, home.township, home.household_id, wanted.person_id, wanted.disease, wanted.reason, wanted.since,
       wanted.times
FROM wanted
LEFT JOIN LATERAL (
    SELECT region, township, household_id, died_on FROM projections.enrolments
    WHERE enrolments.person_id = wanted.person_id ORDER BY year DESC LIMIT 1
) AS home ON true
WHERE NOT EXISTS (
    SELECT FROM projections.cards AS card
    WHERE card.person_id = wanted.person_id AND card.disease = wanted.disease AND card.issued
      AND NOT EXISTS (SELECT FROM projections.cards AS later
                      WHERE later.person_id = card.person_id AND later.disease = card.disease AND NOT later.issued
                        AND later.number > card.number AND later.effective_on >= card.effective_on)
) AND home.died_on IS NULL;

COMMENT ON VIEW finance.missing_cards IS '疑似漏办慢性病卡：因无卡被拒收慢病门诊的，或因病致贫台账上有可办卡病种的，而至今没有有效的卡。Persons who may lack a chronic card: refused for want of one, or poor through a disease for which cards are given';
COMMENT ON COLUMN finance.missing_cards.region IS '统筹区代码（最近参保）。Region of the last enrolment';
COMMENT ON COLUMN finance.missing_cards.township IS '乡镇。Township';
COMMENT ON COLUMN finance.missing_cards.household_id IS '户编号。Household';
COMMENT ON COLUMN finance.missing_cards.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.missing_cards.disease IS '病种代码。Disease';
COMMENT ON COLUMN finance.missing_cards.reason IS '线索：refused 慢病门诊因无卡被拒收，poverty_cause 因病致贫台账。Why a card may lack';
COMMENT ON COLUMN finance.missing_cards.since IS '最早日期。First day of it';
COMMENT ON COLUMN finance.missing_cards.times IS '次数。How often';
