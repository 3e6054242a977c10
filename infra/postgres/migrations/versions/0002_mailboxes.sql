CREATE TABLE processors.mailboxes (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	PRIMARY KEY (kind, id)
);
COMMENT ON TABLE processors.mailboxes IS 'sources that have a mailbox on NATS';
COMMENT ON COLUMN processors.mailboxes.kind IS 'of the source, as in its events';
