ALTER TABLE projections.enrolments ADD COLUMN scheme TEXT;
ALTER TABLE projections.enrolments ADD COLUMN died_on DATE;
COMMENT ON COLUMN projections.enrolments.scheme IS 'content hash of the scheme whose premiums are due, pinned when it was recorded';
COMMENT ON COLUMN projections.enrolments.died_on IS 'last day insured, where the person has died';

ALTER TABLE projections.hospitals ADD COLUMN suspended DATE[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN projections.hospitals.suspended IS 'days of suspension and reinstatement in turn';

CREATE TABLE projections.premiums (
	person_id TEXT NOT NULL,
	year SMALLINT NOT NULL,
	region TEXT NOT NULL,
	scheme TEXT NOT NULL,
	layer TEXT NOT NULL,
	kind TEXT NOT NULL,
	payer TEXT NOT NULL,
	amount BIGINT NOT NULL,
	category TEXT NOT NULL,
	cite TEXT NOT NULL,
	grade TEXT NOT NULL,
	PRIMARY KEY (person_id, year, region, scheme, layer, kind, payer)
);
CREATE INDEX premiums_year ON projections.premiums (year, scheme, layer);
COMMENT ON COLUMN projections.premiums.region IS 'in which the person is enrolled, whose payers pay';
COMMENT ON COLUMN projections.premiums.scheme IS 'name';
COMMENT ON COLUMN projections.premiums.kind IS 'subsidised, purchased, or refunded: the part that went to him';
COMMENT ON COLUMN projections.premiums.amount IS 'fen, net of corrections; 0 where nothing is due any more';
COMMENT ON COLUMN projections.premiums.category IS 'of the roster, for which it is paid';
COMMENT ON COLUMN projections.premiums.cite IS 'the clause';
COMMENT ON COLUMN projections.premiums.grade IS 'how well the amount is known';

CREATE TABLE projections.suspensions (
	number BIGINT NOT NULL,
	hospital_id TEXT NOT NULL,
	suspended BOOLEAN NOT NULL,
	effective_on DATE NOT NULL,
	reason TEXT NOT NULL,
	clause TEXT,
	source TEXT NOT NULL,
	PRIMARY KEY (number)
);
CREATE INDEX suspensions_hospital ON projections.suspensions (hospital_id);
COMMENT ON COLUMN projections.suspensions.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.suspensions.suspended IS 'false: reinstated';
COMMENT ON COLUMN projections.suspensions.effective_on IS 'first day suspended, or first day no longer';
COMMENT ON COLUMN projections.suspensions.source IS 'the bureau';

CREATE TABLE projections.deaths (
	person_id TEXT NOT NULL,
	died_on DATE NOT NULL,
	number BIGINT NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (person_id)
);
COMMENT ON COLUMN projections.deaths.died_on IS 'the last day insured';
COMMENT ON COLUMN projections.deaths.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.deaths.source IS 'who reported it last';

CREATE TABLE projections.fines (
	fine_id TEXT NOT NULL,
	number BIGINT NOT NULL,
	hospital_id TEXT NOT NULL,
	amount BIGINT NOT NULL,
	imposed_on DATE NOT NULL,
	reason TEXT NOT NULL,
	clause TEXT,
	source TEXT NOT NULL,
	PRIMARY KEY (fine_id)
);
CREATE INDEX fines_hospital ON projections.fines (hospital_id);
COMMENT ON COLUMN projections.fines.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.fines.amount IS 'fen';
COMMENT ON COLUMN projections.fines.source IS 'the bureau';
