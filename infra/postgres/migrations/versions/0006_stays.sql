-- What somebody decides of a claim: no ledger of before has any such decision.
CREATE TABLE projections.aids (
    region text NOT NULL,
    decision_id text NOT NULL,
    number bigint NOT NULL,
    claim_id text NOT NULL,
    layer text NOT NULL,
    amount bigint NOT NULL,
    decided_on date NOT NULL,
    withdrawn boolean NOT NULL,
    PRIMARY KEY (region, decision_id),
    CONSTRAINT aids_not_negative CHECK ("amount" >= 0)
);
CREATE INDEX aids_claim ON projections.aids (claim_id);
COMMENT ON TABLE projections.aids IS 'a decision_id names one decision of its region';
COMMENT ON COLUMN projections.aids.region IS 'of the office that stated it';
COMMENT ON COLUMN projections.aids.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.aids.amount IS 'fen';
COMMENT ON COLUMN projections.aids.withdrawn IS 'taken back by aid.withdrawn.v1';

-- A stay's bill on 31 December: no claim of before is one.
ALTER TABLE projections.claims ADD COLUMN interim boolean NOT NULL DEFAULT false;
ALTER TABLE projections.claims ALTER COLUMN interim DROP DEFAULT;
COMMENT ON COLUMN projections.claims.interim IS 'the bill of a stay on 31 December';
ALTER TABLE projections.admissions ADD COLUMN interim_by text;
COMMENT ON COLUMN projections.admissions.interim_by IS 'the last standing claim that billed it on a 31 December';
