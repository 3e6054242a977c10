-- Bills that bureaus have on paper: no ledger of before has any.

ALTER TABLE projections.claims
    ADD COLUMN invoice text,
    ADD COLUMN admitted_on date;
COMMENT ON COLUMN projections.claims.invoice IS 'of a bill that a bureau had on paper';
COMMENT ON COLUMN projections.claims.admitted_on IS
    'of a stay that a bureau had on paper; a hospital''s stands in its admission';
CREATE INDEX claims_invoice ON projections.claims (invoice) WHERE invoice IS NOT NULL;
CREATE INDEX claims_on_paper ON projections.claims (person_id) WHERE invoice IS NOT NULL;
