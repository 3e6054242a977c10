ALTER TABLE processors.runs ADD COLUMN cause BIGINT;
COMMENT ON COLUMN processors.runs.cause IS 'number in journal intake up to which it knows the facts';

CREATE TABLE processors.replaced_runs (
	person_id TEXT NOT NULL, 
	run BIGINT NOT NULL, 
	scheme TEXT NOT NULL, 
	year SMALLINT NOT NULL, 
	first_number INTEGER NOT NULL, 
	cause BIGINT NOT NULL, 
	stage SMALLINT NOT NULL, 
	replaced_by BIGINT NOT NULL, 
	PRIMARY KEY (person_id, run)
);
COMMENT ON TABLE processors.replaced_runs IS 'runs that never reached settlement: others were opened or went ahead in their place';
COMMENT ON COLUMN processors.replaced_runs.scheme IS 'name';
COMMENT ON COLUMN processors.replaced_runs.first_number IS 'of the first claim it carried';
COMMENT ON COLUMN processors.replaced_runs.cause IS 'number in journal intake up to which it knew the facts';
COMMENT ON COLUMN processors.replaced_runs.stage IS 'at which it stood still, having passed those before; or 0';
COMMENT ON COLUMN processors.replaced_runs.replaced_by IS 'run that took its place: from that stage on';

CREATE TABLE projections.advances (
	region TEXT NOT NULL, 
	advance_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	person_id TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	issued_on DATE NOT NULL, 
	PRIMARY KEY (region, advance_id)
);
CREATE INDEX advances_person ON projections.advances (person_id);
COMMENT ON TABLE projections.advances IS 'an advance_id names one loan of its bureau';
COMMENT ON COLUMN projections.advances.region IS 'of the bureau that lent it';
COMMENT ON COLUMN projections.advances.number IS 'of the fact in journal intake';
COMMENT ON COLUMN projections.advances.amount IS 'fen';

CREATE TABLE projections.clearings (
	clearing_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	region TEXT NOT NULL, 
	month DATE NOT NULL, 
	status TEXT NOT NULL, 
	ranges JSONB NOT NULL, 
	set_off JSONB NOT NULL, 
	drafted_by TEXT NOT NULL, 
	drafted_login TEXT, 
	drafted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	approved_by TEXT, 
	approved_login TEXT, 
	approved_at TIMESTAMP WITH TIME ZONE, 
	withdrawn_by TEXT, 
	PRIMARY KEY (clearing_id)
);
CREATE UNIQUE INDEX clearings_one_draft ON projections.clearings (region) WHERE status = 'drafted';
COMMENT ON COLUMN projections.clearings.number IS 'of its draft in journal clearing.0';
COMMENT ON COLUMN projections.clearings.region IS 'of the persons whose claims it clears';
COMMENT ON COLUMN projections.clearings.month IS 'its first day';
COMMENT ON COLUMN projections.clearings.status IS 'drafted, approved, paid (nothing is due any more) or withdrawn';
COMMENT ON COLUMN projections.clearings.ranges IS '{journal: [from, to]}: the entries after from, up to to';
COMMENT ON COLUMN projections.clearings.drafted_login IS 'of the database; null where it is its owner''s, which tells nobody apart';
COMMENT ON COLUMN projections.clearings.set_off IS '[{receivable_id, payee_kind, payee, amount}], fen';

CREATE TABLE projections.clearing_lines (
	clearing_id TEXT NOT NULL, 
	payee_kind TEXT NOT NULL, 
	payee TEXT NOT NULL, 
	fund TEXT NOT NULL, 
	settled BIGINT NOT NULL, 
	adjusted BIGINT NOT NULL, 
	audit BIGINT NOT NULL, 
	repaid BIGINT NOT NULL, 
	PRIMARY KEY (clearing_id, payee_kind, payee, fund)
);
COMMENT ON COLUMN projections.clearing_lines.payee_kind IS 'hospital, person or emergency_fund';
COMMENT ON COLUMN projections.clearing_lines.payee IS 'hospital_id, person_id, or the region of the fund';
COMMENT ON COLUMN projections.clearing_lines.fund IS 'the layer that pays, grant, or premium_refund and who pays it';
COMMENT ON COLUMN projections.clearing_lines.settled IS 'fen, first settlements and awarded grants';
COMMENT ON COLUMN projections.clearing_lines.adjusted IS 'fen, adjustments of no audit laid on the hospital';
COMMENT ON COLUMN projections.clearing_lines.audit IS 'fen, adjustments of audits laid on the hospital';
COMMENT ON COLUMN projections.clearing_lines.repaid IS 'fen taken to repay advances; the fund''s own are negative';

CREATE TABLE projections.clearing_parts (
	clearing_id TEXT NOT NULL, 
	claim_id TEXT NOT NULL, 
	payee_kind TEXT NOT NULL, 
	fund TEXT NOT NULL, 
	stage SMALLINT NOT NULL, 
	kind TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	PRIMARY KEY (clearing_id, claim_id, payee_kind, fund, stage, kind)
);
CREATE INDEX clearing_parts_claim ON projections.clearing_parts (claim_id);
COMMENT ON TABLE projections.clearing_parts IS 'with whom what runs after a claim''s own first one have booked was cleared; none of withdrawn clearings';
COMMENT ON COLUMN projections.clearing_parts.payee_kind IS 'hospital or person: the claim''s own';
COMMENT ON COLUMN projections.clearing_parts.fund IS 'the layer that pays';
COMMENT ON COLUMN projections.clearing_parts.stage IS 'of the path, whose net it changes';
COMMENT ON COLUMN projections.clearing_parts.kind IS 'settled, adjusted or audit, as in clearing_lines';
COMMENT ON COLUMN projections.clearing_parts.amount IS 'fen';

CREATE TABLE projections.clearing_payments (
	clearing_id TEXT NOT NULL, 
	payee_kind TEXT NOT NULL, 
	payee TEXT NOT NULL, 
	balance BIGINT NOT NULL, 
	set_off BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	paid_by TEXT, 
	paid_login TEXT, 
	paid_at TIMESTAMP WITH TIME ZONE, 
	reference TEXT, 
	returned_by TEXT, 
	returned_login TEXT, 
	PRIMARY KEY (clearing_id, payee_kind, payee)
);
COMMENT ON COLUMN projections.clearing_payments.balance IS 'fen, settled + adjusted + audit - repaid over all funds';
COMMENT ON COLUMN projections.clearing_payments.set_off IS 'fen of it that goes against his receivables';
COMMENT ON COLUMN projections.clearing_payments.amount IS 'fen to pay';
COMMENT ON COLUMN projections.clearing_payments.status IS 'none (nothing to pay), due, paid or returned (due again)';
COMMENT ON COLUMN projections.clearing_payments.reference IS 'of the transfer, or why it was returned';
COMMENT ON COLUMN projections.clearing_payments.returned_by IS 'who noted last that a transfer came back: may not note the next payment';

CREATE TABLE projections.receivables (
	receivable_id TEXT NOT NULL, 
	clearing_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	region TEXT NOT NULL, 
	payee_kind TEXT NOT NULL, 
	payee TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	settled BIGINT NOT NULL, 
	set_off BIGINT NOT NULL, 
	stands BOOLEAN NOT NULL, 
	PRIMARY KEY (receivable_id)
);
CREATE INDEX receivables_payee ON projections.receivables (region, payee_kind, payee);
COMMENT ON COLUMN projections.receivables.clearing_id IS 'whose negative balance it is';
COMMENT ON COLUMN projections.receivables.number IS 'of that clearing: the oldest is set off first';
COMMENT ON COLUMN projections.receivables.amount IS 'fen';
COMMENT ON COLUMN projections.receivables.settled IS 'fen paid in';
COMMENT ON COLUMN projections.receivables.set_off IS 'fen set off against payables, drafted ones too';
COMMENT ON COLUMN projections.receivables.stands IS 'false while its clearing is a draft';

CREATE TABLE projections.advance_repayments (
	clearing_id TEXT NOT NULL, 
	region TEXT NOT NULL, 
	advance_id TEXT NOT NULL, 
	fund TEXT NOT NULL, 
	person_id TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	PRIMARY KEY (clearing_id, region, advance_id, fund)
);
COMMENT ON COLUMN projections.advance_repayments.region IS 'region and advance_id name the advance';
COMMENT ON COLUMN projections.advance_repayments.person_id IS 'out of whose payable';
COMMENT ON COLUMN projections.advance_repayments.amount IS 'fen';

CREATE TABLE projections.advance_receipts (
	number BIGINT NOT NULL, 
	region TEXT NOT NULL, 
	advance_id TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	noted_by TEXT NOT NULL, 
	noted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	reference TEXT NOT NULL, 
	PRIMARY KEY (number)
);
COMMENT ON COLUMN projections.advance_receipts.number IS 'of the event in journal clearing.0';
COMMENT ON COLUMN projections.advance_receipts.region IS 'region and advance_id name the advance';
COMMENT ON COLUMN projections.advance_receipts.amount IS 'fen the person has paid back himself';
COMMENT ON COLUMN projections.advance_receipts.reference IS 'of the receipt';

CREATE FUNCTION ledger.refuse_other_login() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ DECLARE said jsonb := convert_from(NEW.data, 'UTF8')::jsonb; BEGIN IF said ->> 'login' IS DISTINCT FROM session_user::text THEN RAISE EXCEPTION 'journal % is written by login %, not %', NEW.journal, session_user, coalesce(said ->> 'login', 'none'); END IF; IF said ? 'owner' AND session_user <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) THEN RAISE EXCEPTION 'login % does not own the database', session_user; END IF; RETURN NULL; END $$;

CREATE TRIGGER own_login AFTER INSERT ON ledger.entries
FOR EACH ROW WHEN (NEW.journal = 'clearing.0') EXECUTE FUNCTION ledger.refuse_other_login();
