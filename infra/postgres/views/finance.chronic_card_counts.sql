CREATE VIEW finance.chronic_card_counts AS
SELECT region, to_char(day, 'YYYY-MM') AS month, disease, disease_class, registered_poor,
       count(*) FILTER (WHERE change = 'issued') AS issued,
       count(*) FILTER (WHERE change = 'issued' AND on_site) AS on_site,
       count(*) FILTER (WHERE change = 'withdrawn') AS withdrawn,
       count(*) FILTER (WHERE corrects IS NOT NULL) AS corrected
FROM (
    SELECT region, issued_on AS day, disease, disease_class, registered_poor, 'issued' AS change, on_site,
           issue_corrects AS corrects
    FROM finance.chronic_cards
    UNION ALL
    SELECT region, withdrawn_on, disease, disease_class, registered_poor, 'withdrawn', false, withdrawal_corrects
    FROM finance.chronic_cards WHERE withdrawn_on IS NOT NULL
) AS changes
GROUP BY region, to_char(day, 'YYYY-MM'), disease, disease_class, registered_poor;

COMMENT ON VIEW finance.chronic_card_counts IS '慢性病卡统计：按月、病种、类别，发放和注销张数。Chronic cards by month, disease and class: how many were issued and withdrawn';
COMMENT ON COLUMN finance.chronic_card_counts.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.chronic_card_counts.month IS '月份。Month of the first day valid, or no longer valid';
COMMENT ON COLUMN finance.chronic_card_counts.disease IS '病种代码。Disease';
COMMENT ON COLUMN finance.chronic_card_counts.disease_class IS '类别。Class';
COMMENT ON COLUMN finance.chronic_card_counts.registered_poor IS '是否建档立卡。Whether the holders are registered poor, as in finance.chronic_cards';
COMMENT ON COLUMN finance.chronic_card_counts.issued IS '发放张数。Cards issued';
COMMENT ON COLUMN finance.chronic_card_counts.on_site IS '其中上门办理。Of these on site';
COMMENT ON COLUMN finance.chronic_card_counts.withdrawn IS '注销张数。Cards withdrawn';
COMMENT ON COLUMN finance.chronic_card_counts.corrected IS '清理错办、漏办、信息不全的张数。Issues and withdrawals that put something right';
