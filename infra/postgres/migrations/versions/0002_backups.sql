CREATE TABLE processors.backups (
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	intake_seq BIGINT NOT NULL, 
	complete BOOLEAN NOT NULL, 
	PRIMARY KEY (made_at)
);
COMMENT ON TABLE processors.backups IS 'what was backed up: INTAKE keeps what came after the last one';
COMMENT ON COLUMN processors.backups.made_at IS 'when it was begun';
COMMENT ON COLUMN processors.backups.intake_seq IS 'events up to here are in it';
ALTER TABLE processors.layout ADD COLUMN era TEXT DEFAULT '' NOT NULL;
COMMENT ON COLUMN processors.layout.era IS 'of what is sent, since the last restore';
