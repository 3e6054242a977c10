-- Persons, as 上高's report counts them: a person with two cards is one, and the dead hold none.
CREATE VIEW finance.chronic_card_years AS
SELECT years.year, card.region, coalesce(roster.added, false) AS registered_poor,
       count(DISTINCT card.person_id) FILTER (WHERE card.issued_on < years.ends
           AND coalesce(card.withdrawn_on, 'infinity') >= years.ends
           AND coalesce(death.died_on, 'infinity') >= years.ends - 1) AS holders,
       count(DISTINCT card.person_id) FILTER (WHERE card.on_site AND card.issued_on < years.ends
           AND card.issued_on >= years.begins) AS on_site,
       count(DISTINCT card.person_id) FILTER (WHERE
           (card.issue_corrects IS NOT NULL AND card.issued_on >= years.begins AND card.issued_on < years.ends)
           OR (card.withdrawal_corrects IS NOT NULL AND card.withdrawn_on >= years.begins
               AND card.withdrawn_on < years.ends)) AS corrected,
       count(*) FILTER (WHERE card.issued_on >= years.begins AND card.issued_on < years.ends) AS cards_issued,
       count(*) FILTER (WHERE card.withdrawn_on >= years.begins AND card.withdrawn_on < years.ends) AS cards_withdrawn
FROM (
    SELECT year, make_date(year, 1, 1) AS begins, make_date(year + 1, 1, 1) AS ends
    FROM (SELECT generate_series(min(extract(year FROM effective_on))::int,
                                 max(extract(year FROM effective_on))::int) AS year FROM projections.cards) AS all_years
) AS years
JOIN finance.chronic_cards AS card ON card.issued_on < years.ends
LEFT JOIN LATERAL (
    SELECT added FROM projections.rosters
    WHERE rosters.person_id = card.person_id AND rosters.category = 'registered_poor'
      AND rosters.effective_on < years.ends
    ORDER BY effective_on DESC, number DESC LIMIT 1
) AS roster ON true
LEFT JOIN projections.deaths AS death ON death.person_id = card.person_id
GROUP BY years.year, card.region, coalesce(roster.added, false);

COMMENT ON VIEW finance.chronic_card_years IS '慢性病卡年报：年末持卡人数、当年上门办卡人数、清理错漏人数（上高 二1）。Persons with cards by year, as 上高 reports them';
COMMENT ON COLUMN finance.chronic_card_years.year IS '年度。Year';
COMMENT ON COLUMN finance.chronic_card_years.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.chronic_card_years.registered_poor IS '年末是否建档立卡。Whether they are registered poor at the year''s end';
COMMENT ON COLUMN finance.chronic_card_years.holders IS '年末持卡人数。Persons who hold a card at the year''s end';
COMMENT ON COLUMN finance.chronic_card_years.on_site IS '当年上门办卡人数。Persons given a card on site in the year';
COMMENT ON COLUMN finance.chronic_card_years.corrected IS '当年清理错办、漏办、信息不全的人数。Persons whose cards were put right in the year';
COMMENT ON COLUMN finance.chronic_card_years.cards_issued IS '当年发放张数。Cards issued in the year';
COMMENT ON COLUMN finance.chronic_card_years.cards_withdrawn IS '当年注销张数。Cards withdrawn in the year';
