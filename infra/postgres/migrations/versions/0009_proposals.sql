-- A case's proposal has a day of its own, which no decision comes before. Proposals of before state none.

ALTER TABLE projections.cases ADD COLUMN proposed_on date;
COMMENT ON COLUMN projections.cases.proposed_on IS 'day of the proposal that waits or was decided last';
