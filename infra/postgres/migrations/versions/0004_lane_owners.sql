CREATE TABLE processors.lane_owners (
	consumer TEXT NOT NULL, 
	partition SMALLINT NOT NULL, 
	session BIGINT NOT NULL, 
	process INTEGER NOT NULL, 
	worker TEXT NOT NULL, 
	since TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (consumer, partition)
);
COMMENT ON TABLE processors.lane_owners IS 'which worker owns a lane: only while its session holds the advisory lock named here';
COMMENT ON COLUMN processors.lane_owners.session IS 'key of the lock, drawn at random by the session';
COMMENT ON COLUMN processors.lane_owners.process IS 'of the server, that serves the session';
COMMENT ON COLUMN processors.lane_owners.worker IS 'host and process of the worker, and its login';
