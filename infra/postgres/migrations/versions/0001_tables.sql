CREATE TABLE ledger.entries (
	journal TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	type TEXT NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	source TEXT, 
	event_id TEXT, 
	stream_seq BIGINT, 
	person_id TEXT, 
	claim_id TEXT, 
	claim_number INTEGER, 
	run BIGINT, 
	stage SMALLINT, 
	year SMALLINT, 
	scheme TEXT, 
	layer TEXT, 
	track TEXT, 
	ran SMALLINT, 
	base BIGINT, 
	deductible BIGINT, 
	paid BIGINT, 
	extra BIGINT, 
	data BYTEA NOT NULL, 
	raw BYTEA, 
	hash BYTEA NOT NULL, 
	PRIMARY KEY (journal, number)
);
CREATE UNIQUE INDEX entries_history ON ledger.entries (person_id, claim_number, run, stage, type) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX entries_identity ON ledger.entries (source, event_id) WHERE source IS NOT NULL AND type <> 'event.waiting.v1';
CREATE INDEX entries_waiting ON ledger.entries (source, event_id) WHERE type = 'event.waiting.v1';
CREATE INDEX entries_stream_seq ON ledger.entries (stream_seq) WHERE stream_seq IS NOT NULL;
COMMENT ON TABLE ledger.entries IS 'append only: triggers and rights refuse UPDATE, DELETE and TRUNCATE';
COMMENT ON COLUMN ledger.entries.journal IS 'the single writer: consumer, or consumer.partition';
COMMENT ON COLUMN ledger.entries.number IS 'gap-free in its journal, from 1';
COMMENT ON COLUMN ledger.entries.recorded_at IS 'what we knew when; rises in its journal';
COMMENT ON COLUMN ledger.entries.source IS 'of what was taken in: who said it';
COMMENT ON COLUMN ledger.entries.event_id IS 'of what was taken in: source and id identify it for ever';
COMMENT ON COLUMN ledger.entries.stream_seq IS 'of what was taken in: its place in INTAKE';
COMMENT ON COLUMN ledger.entries.claim_number IS 'the claim''s place in the person''s ledger order';
COMMENT ON COLUMN ledger.entries.run IS 'rising per person';
COMMENT ON COLUMN ledger.entries.stage IS 'the layer''s place on the scheme''s path; settlement 100';
COMMENT ON COLUMN ledger.entries.ran IS '1 the layer runs on the claim, -1 no longer, 0 it did and does';
COMMENT ON COLUMN ledger.entries.base IS 'fen, difference';
COMMENT ON COLUMN ledger.entries.deductible IS 'fen, difference';
COMMENT ON COLUMN ledger.entries.paid IS 'fen, difference';
COMMENT ON COLUMN ledger.entries.extra IS 'fen, difference; the part of paid by the layer''s second rule';
COMMENT ON COLUMN ledger.entries.data IS 'JSON of what was decided';
COMMENT ON COLUMN ledger.entries.raw IS 'what was taken in, as it was sent';

CREATE TABLE ledger.schemes (
	hash TEXT NOT NULL, 
	name TEXT NOT NULL, 
	text BYTEA NOT NULL, 
	adopted BIGINT NOT NULL, 
	PRIMARY KEY (hash), 
	UNIQUE (adopted)
);
COMMENT ON TABLE ledger.schemes IS 'append only: a claim is decided, explained and verified by the text it was accepted under';
COMMENT ON COLUMN ledger.schemes.hash IS 'sha256 of the text, hex';
COMMENT ON COLUMN ledger.schemes.text IS 'the YAML as it was adopted';
COMMENT ON COLUMN ledger.schemes.adopted IS 'number of scheme.adopted.v1 in journal intake';

CREATE TABLE processors.layout (
	partitions SMALLINT NOT NULL, 
	PRIMARY KEY (partitions)
);
COMMENT ON TABLE processors.layout IS 'one row: what was fixed when the database was set up';
COMMENT ON COLUMN processors.layout.partitions IS 'of RUNS, by hash of person';

CREATE TABLE processors.parked (
	consumer TEXT NOT NULL, 
	stage SMALLINT NOT NULL, 
	person_id TEXT NOT NULL, 
	run BIGINT NOT NULL, 
	scheme TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	first_number INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	since TIMESTAMP WITH TIME ZONE NOT NULL, 
	body BYTEA NOT NULL, 
	PRIMARY KEY (consumer, stage, person_id, run)
);
COMMENT ON COLUMN processors.parked.scheme IS 'name';
COMMENT ON COLUMN processors.parked.first_number IS 'of the first claim it carries';
COMMENT ON COLUMN processors.parked.body IS 'the run as it arrived';

CREATE TABLE processors.positions (
	consumer TEXT NOT NULL, 
	partition SMALLINT NOT NULL, 
	stream_seq BIGINT NOT NULL, 
	journal_number BIGINT NOT NULL, 
	journal_hash BYTEA NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	outgoing BYTEA NOT NULL, 
	PRIMARY KEY (consumer, partition)
);
COMMENT ON COLUMN processors.positions.stream_seq IS 'last message taken';
COMMENT ON COLUMN processors.positions.outgoing IS 'what the last transaction sends; sent again at start';

CREATE TABLE processors.runs (
	person_id TEXT NOT NULL, 
	run BIGINT NOT NULL, 
	scheme TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	first_number INTEGER NOT NULL, 
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (person_id, run)
);
COMMENT ON TABLE processors.runs IS 'runs in flight: opened by intake, closed by settlement';
COMMENT ON COLUMN processors.runs.scheme IS 'name';
COMMENT ON COLUMN processors.runs.first_number IS 'of the first claim it carries';

CREATE TABLE projections.accumulations (
	person_id TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	scheme TEXT NOT NULL, 
	layer TEXT NOT NULL, 
	track TEXT NOT NULL, 
	base BIGINT NOT NULL, 
	deductible BIGINT NOT NULL, 
	paid BIGINT NOT NULL, 
	extra BIGINT NOT NULL, 
	claims INTEGER NOT NULL, 
	PRIMARY KEY (person_id, year, scheme, layer, track)
);
COMMENT ON TABLE projections.accumulations IS 'sums of booked payouts over standing claims, written in the transaction that books them';
COMMENT ON COLUMN projections.accumulations.scheme IS 'name';
COMMENT ON COLUMN projections.accumulations.base IS 'fen';
COMMENT ON COLUMN projections.accumulations.deductible IS 'fen';
COMMENT ON COLUMN projections.accumulations.paid IS 'fen';
COMMENT ON COLUMN projections.accumulations.extra IS 'fen; the part of paid by the layer''s second rule';
COMMENT ON COLUMN projections.accumulations.claims IS 'standing claims on which the layer ran';

CREATE TABLE projections.admissions (
	admission_id TEXT NOT NULL, 
	person_id TEXT NOT NULL, 
	hospital_id TEXT NOT NULL, 
	admitted_on DATE NOT NULL, 
	filed BOOLEAN NOT NULL, 
	referral TEXT[] NOT NULL, 
	cancelled BOOLEAN NOT NULL, 
	discharged_by TEXT, 
	PRIMARY KEY (admission_id)
);
COMMENT ON COLUMN projections.admissions.referral IS 'admissions it was referred from, nearest first';
COMMENT ON COLUMN projections.admissions.discharged_by IS 'the standing claim';

CREATE TABLE projections.audits (
	finding_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	claim_id TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	borne_by TEXT NOT NULL, 
	PRIMARY KEY (finding_id)
);
CREATE INDEX audits_claim ON projections.audits (claim_id);
COMMENT ON COLUMN projections.audits.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.audits.amount IS 'fen';

CREATE TABLE projections.cards (
	number BIGINT NOT NULL, 
	person_id TEXT NOT NULL, 
	disease TEXT NOT NULL, 
	disease_class TEXT NOT NULL, 
	issued BOOLEAN NOT NULL, 
	effective_on DATE NOT NULL, 
	PRIMARY KEY (number)
);
CREATE INDEX cards_person ON projections.cards (person_id);
COMMENT ON COLUMN projections.cards.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.cards.issued IS 'false: revoked';

CREATE TABLE projections.claims (
	claim_id TEXT NOT NULL, 
	person_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	scheme TEXT NOT NULL, 
	date DATE NOT NULL, 
	setting TEXT NOT NULL, 
	tier SMALLINT NOT NULL, 
	hospital_id TEXT NOT NULL, 
	hospital_region TEXT NOT NULL, 
	region TEXT NOT NULL, 
	filed BOOLEAN NOT NULL, 
	prescriber_tier SMALLINT NOT NULL, 
	card_class TEXT, 
	any_card BOOLEAN NOT NULL, 
	disease TEXT, 
	late BOOLEAN NOT NULL, 
	prepaid BOOLEAN NOT NULL, 
	admission_id TEXT, 
	referral TEXT[] NOT NULL, 
	opened BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	in_scope BIGINT NOT NULL, 
	upfront_copay BIGINT NOT NULL, 
	over_limit BIGINT NOT NULL, 
	self_funded BIGINT NOT NULL, 
	standing BOOLEAN NOT NULL, 
	PRIMARY KEY (claim_id)
);
CREATE UNIQUE INDEX claims_person ON projections.claims (person_id, number);
COMMENT ON COLUMN projections.claims.number IS 'place in the person''s ledger order';
COMMENT ON COLUMN projections.claims.scheme IS 'content hash of the pinned scheme';
COMMENT ON COLUMN projections.claims.region IS 'of the person';
COMMENT ON COLUMN projections.claims.opened IS 'the run that first carried the claim';
COMMENT ON COLUMN projections.claims.total IS 'fen, as last corrected; so the four parts';
COMMENT ON COLUMN projections.claims.standing IS 'false: reversed';

CREATE TABLE projections.enrolments (
	person_id TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	effective_on DATE NOT NULL, 
	self_paid BIGINT, 
	PRIMARY KEY (person_id, year)
);
COMMENT ON COLUMN projections.enrolments.self_paid IS 'fen that the person paid himself';

CREATE TABLE projections.grants (
	person_id TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	"grant" TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	amount BIGINT NOT NULL, 
	claim_id TEXT NOT NULL, 
	PRIMARY KEY (person_id, scheme, "grant", year)
);
COMMENT ON COLUMN projections.grants.scheme IS 'name';
COMMENT ON COLUMN projections.grants."grant" IS 'annual or one_off';
COMMENT ON COLUMN projections.grants.year IS '0: once in a life';
COMMENT ON COLUMN projections.grants.amount IS 'fen';
COMMENT ON COLUMN projections.grants.claim_id IS 'the claim that brought it about';

CREATE TABLE projections.hospitals (
	hospital_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	tier SMALLINT NOT NULL, 
	region TEXT NOT NULL, 
	designated_from DATE NOT NULL, 
	designated_until DATE, 
	PRIMARY KEY (hospital_id)
);
COMMENT ON COLUMN projections.hospitals.designated_until IS 'exclusive';

CREATE TABLE projections.persons (
	person_id TEXT NOT NULL, 
	claims INTEGER NOT NULL, 
	runs BIGINT NOT NULL, 
	PRIMARY KEY (person_id)
);

CREATE TABLE projections.refusals (
	number BIGINT NOT NULL, 
	stream_seq BIGINT NOT NULL, 
	identity_source TEXT NOT NULL, 
	identity_id TEXT NOT NULL, 
	mailbox TEXT NOT NULL, 
	source TEXT, 
	event_id TEXT NOT NULL, 
	type TEXT, 
	subject TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (number)
);
CREATE UNIQUE INDEX refusals_identity ON projections.refusals (identity_id, identity_source);
CREATE INDEX refusals_stream_seq ON projections.refusals (stream_seq);
COMMENT ON COLUMN projections.refusals.number IS 'of the entry in journal intake';
COMMENT ON COLUMN projections.refusals.stream_seq IS 'place in INTAKE';
COMMENT ON COLUMN projections.refusals.identity_source IS 'source and id that the ledger knows the event by';
COMMENT ON COLUMN projections.refusals.mailbox IS 'the source that the subject named, which is answered';
COMMENT ON COLUMN projections.refusals.source IS 'as far as it could be read';
COMMENT ON COLUMN projections.refusals.event_id IS 'as far as it could be read, else the place in INTAKE';
COMMENT ON COLUMN projections.refusals.subject IS 'last token of the answer''s subject: claim id or event id';

CREATE TABLE projections.rosters (
	number BIGINT NOT NULL, 
	person_id TEXT NOT NULL, 
	category TEXT NOT NULL, 
	added BOOLEAN NOT NULL, 
	effective_on DATE NOT NULL, 
	PRIMARY KEY (number)
);
CREATE INDEX rosters_person ON projections.rosters (person_id);
COMMENT ON COLUMN projections.rosters.number IS 'of the fact in journal intake';

CREATE TABLE projections.statements (
	claim_id TEXT NOT NULL, 
	person_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	hospital_id TEXT NOT NULL, 
	region TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	scheme_hash TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	setting TEXT NOT NULL, 
	date DATE NOT NULL, 
	status TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	total BIGINT NOT NULL, 
	categories TEXT[] NOT NULL, 
	layers JSONB NOT NULL, 
	patient_share BIGINT NOT NULL, 
	hospital_share BIGINT NOT NULL, 
	audited_person BIGINT NOT NULL, 
	payee TEXT NOT NULL, 
	disease TEXT, 
	late BOOLEAN NOT NULL, 
	poor BOOLEAN NOT NULL, 
	answer_id TEXT NOT NULL, 
	answer_type TEXT NOT NULL, 
	PRIMARY KEY (claim_id)
);
CREATE INDEX statements_person ON projections.statements (person_id, number);
CREATE INDEX statements_year ON projections.statements (year, scheme, setting);
COMMENT ON COLUMN projections.statements.source IS 'whom settlement answers';
COMMENT ON COLUMN projections.statements.scheme IS 'name';
COMMENT ON COLUMN projections.statements.status IS 'settled or reversed';
COMMENT ON COLUMN projections.statements.revision IS '1 plus how often the net figures changed';
COMMENT ON COLUMN projections.statements.total IS 'fen, of the bill as last corrected';
COMMENT ON COLUMN projections.statements.layers IS '[[layer, fen], …] in the order applied';
COMMENT ON COLUMN projections.statements.patient_share IS 'fen';
COMMENT ON COLUMN projections.statements.hospital_share IS 'fen';
COMMENT ON COLUMN projections.statements.audited_person IS 'fen of patient_share that an audit laid on him';
COMMENT ON COLUMN projections.statements.answer_id IS 'id of the answer that carried these figures';

CREATE TABLE projections.waiting (
	number BIGINT NOT NULL, 
	stream_seq BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	claim_id TEXT NOT NULL, 
	admission_id TEXT NOT NULL, 
	raw BYTEA NOT NULL, 
	PRIMARY KEY (number)
);
CREATE INDEX waiting_admission ON projections.waiting (admission_id);
CREATE INDEX waiting_claim ON projections.waiting (claim_id);
COMMENT ON COLUMN projections.waiting.number IS 'of the entry in journal intake';
COMMENT ON COLUMN projections.waiting.admission_id IS 'what it waits for';

