-- Of several values of a target that hold in a year, the one that began last.
CREATE VIEW projections.asked_targets AS
SELECT settled.year, settled.region, settled.scheme, stated.target, stated.value
FROM (SELECT DISTINCT year, region, scheme FROM projections.annual_sums WHERE claims > 0) AS settled
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (targets.target) targets.target, targets.value
    FROM projections.targets
    WHERE targets.scheme = settled.scheme AND targets.since < make_date(settled.year + 1, 1, 1)
      AND coalesce(targets.until, 'infinity') > make_date(settled.year, 1, 1)
    ORDER BY targets.target, targets.since DESC
) AS stated;

COMMENT ON VIEW projections.asked_targets IS 'which target is asked of which region in a year: those of the schemes under which its persons'' claims were settled';
