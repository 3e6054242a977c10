-- What a ledger booked in an era is told to payers under ids of that era, also after it was restored once more.

ALTER TABLE processors.layout ADD COLUMN eras TEXT[] DEFAULT '{}' NOT NULL;
UPDATE processors.layout SET eras = ARRAY[era] WHERE era <> '';
COMMENT ON COLUMN processors.layout.eras IS 'each restore''s, the last one behind: what was booked in each has ids of its own';
