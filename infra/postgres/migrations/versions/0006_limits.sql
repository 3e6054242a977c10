-- What limits ask of a person beside the claim: how long he has been insured, what he has chronic cards for. Of claims of
-- before nobody counted the years, and their scheme asks for no other disease than their own.

ALTER TABLE projections.enrolments ADD COLUMN years_insured smallint;
COMMENT ON COLUMN projections.enrolments.years_insured IS 'without a break, this one included, as the bureau said';

ALTER TABLE projections.claims ADD COLUMN card_diseases text[] NOT NULL DEFAULT '{}', ADD COLUMN years_insured smallint;
ALTER TABLE projections.claims ALTER COLUMN card_diseases DROP DEFAULT;
COMMENT ON COLUMN projections.claims.card_diseases IS 'of the chronic cards valid on the date';
COMMENT ON COLUMN projections.claims.years_insured IS 'without a break, the date''s own included; unknown of older claims';
