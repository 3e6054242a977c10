-- Who is insured as what, and how a stay came about. Rows of before mean what their defaults say: residents, no emergency,
-- ordinary stays. A default of the column itself would let a writer forget it.

ALTER TABLE projections.enrolments
    ADD COLUMN insurance_type text NOT NULL DEFAULT 'resident',
    ADD COLUMN birth_month text,
    ADD COLUMN sex text,
    ADD COLUMN household_id text,
    ADD COLUMN township text,
    ADD COLUMN village text,
    ADD COLUMN contracted_doctor boolean,
    ADD CONSTRAINT enrolments_sex_known CHECK ("sex" IN ('male', 'female'));
ALTER TABLE projections.enrolments ALTER COLUMN insurance_type DROP DEFAULT;
COMMENT ON COLUMN projections.enrolments.birth_month IS 'YYYY-MM';
COMMENT ON COLUMN projections.enrolments.township IS 'nine digits that begin with the region';
COMMENT ON COLUMN projections.enrolments.village IS 'twelve digits that begin with the region';

ALTER TABLE projections.admissions
    ADD COLUMN emergency boolean NOT NULL DEFAULT false,
    ADD COLUMN stay_kind text NOT NULL DEFAULT 'ordinary';
ALTER TABLE projections.admissions ALTER COLUMN emergency DROP DEFAULT, ALTER COLUMN stay_kind DROP DEFAULT;

ALTER TABLE projections.claims
    ADD COLUMN insurance_type text NOT NULL DEFAULT 'resident',
    ADD COLUMN age smallint,
    ADD COLUMN sex text,
    ADD COLUMN household_id text,
    ADD COLUMN contracted_doctor boolean,
    ADD COLUMN emergency boolean NOT NULL DEFAULT false,
    ADD COLUMN stay_kind text NOT NULL DEFAULT 'ordinary';
ALTER TABLE projections.claims
    ALTER COLUMN insurance_type DROP DEFAULT,
    ALTER COLUMN emergency DROP DEFAULT,
    ALTER COLUMN stay_kind DROP DEFAULT;
COMMENT ON COLUMN projections.claims.age IS 'whole years on the date; unknown where no month of birth was stated';

COMMENT ON COLUMN projections.waiting.claim_id IS 'of a change of the admission empty';

-- What bureaus file of treatment away from home: no ledger of before has any.
CREATE TABLE projections.referral_filings (
    region text NOT NULL,
    filing_id text NOT NULL,
    number bigint NOT NULL,
    person_id text NOT NULL,
    kind text NOT NULL,
    effective_on date NOT NULL,
    until date,
    to_region text,
    to_hospital text,
    reason text NOT NULL,
    PRIMARY KEY (region, filing_id),
    CONSTRAINT referral_filings_kind_known CHECK ("kind" IN ('away', 'referral'))
);
CREATE INDEX referral_filings_person ON projections.referral_filings (person_id);
COMMENT ON TABLE projections.referral_filings IS 'a filing_id names one filing of its bureau';
COMMENT ON COLUMN projections.referral_filings.region IS 'of the bureau that filed it';
COMMENT ON COLUMN projections.referral_filings.number IS 'of the fact in journal intake that said so last';
COMMENT ON COLUMN projections.referral_filings.kind IS 'away or referral';
COMMENT ON COLUMN projections.referral_filings.effective_on IS 'first day of admission that it covers';
COMMENT ON COLUMN projections.referral_filings.until IS 'first day that it covers no longer';
COMMENT ON COLUMN projections.referral_filings.to_region IS 'treatment there only';
COMMENT ON COLUMN projections.referral_filings.to_hospital IS 'treatment there only';
