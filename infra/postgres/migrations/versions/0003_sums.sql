-- The sums hold what audits laid on persons, and layers as rows. They are forgotten: the next catch-up counts anew.

TRUNCATE projections.counted_journals, projections.counted_claims, projections.fund_flows, projections.annual_sums,
         projections.hospital_years, projections.person_years, projections.roster_gaps, projections.roster_years;

ALTER TABLE projections.counted_claims
    DROP COLUMN basic, DROP COLUMN critical_illness, DROP COLUMN assistance, DROP COLUMN supplementary,
    DROP COLUMN basic_second, DROP COLUMN backstop, DROP COLUMN public_health,
    ADD COLUMN audited bigint NOT NULL,
    ADD COLUMN layers jsonb NOT NULL,
    ADD COLUMN paid bigint NOT NULL;
COMMENT ON COLUMN projections.counted_claims.audited IS 'of total, what audits laid on the person';
COMMENT ON COLUMN projections.counted_claims.layers IS '[[layer, fen], …], as in statements';
COMMENT ON COLUMN projections.counted_claims.paid IS 'by all layers';

ALTER TABLE projections.annual_sums
    DROP COLUMN basic, DROP COLUMN critical_illness, DROP COLUMN assistance, DROP COLUMN supplementary,
    DROP COLUMN basic_second, DROP COLUMN backstop, DROP COLUMN public_health,
    ADD COLUMN paid bigint NOT NULL;
COMMENT ON COLUMN projections.annual_sums.paid IS 'by all layers';

CREATE TABLE projections.annual_layers (
    year smallint NOT NULL,
    region text NOT NULL,
    scheme text NOT NULL,
    setting text NOT NULL,
    poor boolean NOT NULL,
    layer text NOT NULL,
    paid bigint NOT NULL,
    PRIMARY KEY (year, region, scheme, setting, poor, layer)
);
COMMENT ON TABLE projections.annual_layers IS 'sums over counted claims: what each layer paid of a row of annual_sums';
COMMENT ON COLUMN projections.annual_layers.paid IS 'fen';

DROP INDEX projections.person_years_under_70;
DROP INDEX projections.person_years_under_90;
ALTER TABLE projections.person_years ADD COLUMN audited bigint NOT NULL;
COMMENT ON COLUMN projections.person_years.audited IS 'fen of total that audits laid on the person';
