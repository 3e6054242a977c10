-- Advances of the emergency fund are lent by a township station or the poverty office too, and filed with the bureau
-- (上高 二5). Until now only bureaus stated them.

ALTER TABLE projections.advances ADD COLUMN lent_by text, ADD COLUMN filed_on date;
UPDATE projections.advances SET lent_by = 'bureau';
ALTER TABLE projections.advances ALTER COLUMN lent_by SET NOT NULL;
ALTER TABLE projections.advances
    ADD CONSTRAINT advances_lent_by_known CHECK (lent_by IN ('bureau', 'poverty_office', 'township_station'));
COMMENT ON TABLE projections.advances IS 'an advance_id names one loan of its region';
COMMENT ON COLUMN projections.advances.region IS 'of the office that stated it';
COMMENT ON COLUMN projections.advances.lent_by IS 'who examined and lent it';
COMMENT ON COLUMN projections.advances.filed_on IS 'day it was filed with the bureau, where it was';
