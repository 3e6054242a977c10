-- Reports by disease, township and household. The sums are forgotten: the next catch-up counts anew.

TRUNCATE projections.counted_journals, projections.counted_claims, projections.fund_flows, projections.fund_bookings,
         projections.annual_sums, projections.annual_layers, projections.hospital_years, projections.person_years,
         projections.roster_gaps, projections.roster_years;

ALTER TABLE projections.counted_claims ADD COLUMN disease TEXT NOT NULL;
COMMENT ON COLUMN projections.counted_claims.disease IS 'code; empty where none is stated';

ALTER TABLE projections.person_years ADD COLUMN patient_share BIGINT NOT NULL;
COMMENT ON COLUMN projections.person_years.patient_share IS 'fen';

CREATE TABLE projections.disease_years (
    year SMALLINT NOT NULL,
    region TEXT NOT NULL,
    scheme TEXT NOT NULL,
    setting TEXT NOT NULL,
    disease TEXT NOT NULL,
    hospital_id TEXT NOT NULL,
    claims INTEGER NOT NULL,
    total BIGINT NOT NULL,
    self_funded BIGINT NOT NULL,
    paid BIGINT NOT NULL,
    assistance BIGINT NOT NULL,
    PRIMARY KEY (year, region, scheme, setting, disease, hospital_id)
);
COMMENT ON TABLE projections.disease_years IS 'sums over counted claims';
COMMENT ON COLUMN projections.disease_years.region IS 'of the person';
COMMENT ON COLUMN projections.disease_years.disease IS 'code; empty where none is stated';
COMMENT ON COLUMN projections.disease_years.total IS 'fen; so all amounts';
COMMENT ON COLUMN projections.disease_years.paid IS 'by all layers';
COMMENT ON COLUMN projections.disease_years.assistance IS 'by layer assistance';

CREATE TABLE projections.named_diseases (
    scheme TEXT NOT NULL,
    disease TEXT NOT NULL,
    use TEXT NOT NULL,
    PRIMARY KEY (scheme, disease, use),
    CONSTRAINT named_diseases_use_known CHECK ("use" IN ('assistance', 'case_quota', 'grant'))
);
COMMENT ON TABLE projections.named_diseases IS 'diseases that the text in force of each scheme names for more help than others get';
COMMENT ON COLUMN projections.named_diseases.scheme IS 'name';
COMMENT ON COLUMN projections.named_diseases.use IS 'what names it: assistance, case_quota or grant';

ALTER TABLE projections.targets DROP CONSTRAINT targets_target_known;
ALTER TABLE projections.targets ADD CONSTRAINT targets_target_known
    CHECK (target IN ('reimbursement', 'chronic_reimbursement', 'assistance', 'cost_growth', 'disease_cost_growth'));
