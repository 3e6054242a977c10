-- A fine may take the place of an earlier one, as a decision that is changed after a defence does. Fines of before replace none.

ALTER TABLE projections.fines ADD COLUMN replaces text;
COMMENT ON COLUMN projections.fines.replaces IS 'the earlier fine that it takes the place of';
CREATE UNIQUE INDEX fines_replaces ON projections.fines (replaces) WHERE replaces IS NOT NULL;
COMMENT ON COLUMN projections.case_measures.of_measure IS 'of a lifting: what it lifts; of a fine: the one that it replaces';
