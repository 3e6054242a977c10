-- What kind of institution a hospital is. No bureau of before has said; a later registration may.

ALTER TABLE projections.hospitals ADD COLUMN kind TEXT NOT NULL DEFAULT 'hospital';
ALTER TABLE projections.hospitals ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE projections.hospitals ADD CONSTRAINT hospitals_kind_known CHECK ("kind" IN ('hospital', 'village_clinic', 'pharmacy'));
COMMENT ON COLUMN projections.hospitals.kind IS 'hospital, village_clinic or pharmacy';

-- What offices note in journal registers.0. No ledger of before has it.

CREATE TABLE projections.register_entries (
    entry_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    register TEXT NOT NULL,
    region TEXT NOT NULL,
    person_id TEXT NOT NULL,
    held_on DATE NOT NULL,
    until DATE,
    due_on DATE,
    disease TEXT,
    hospital_id TEXT,
    doctor TEXT,
    finding TEXT,
    document TEXT,
    status TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_login TEXT,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_by TEXT,
    ended_login TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    PRIMARY KEY (entry_id),
    CONSTRAINT register_entries_register_known CHECK ("register" IN ('contracts', 'checkups', 'tuberculosis', 'ten_diseases', 'poverty_causes')),
    CONSTRAINT register_entries_status_known CHECK ("status" IN ('standing', 'ended', 'withdrawn'))
);
CREATE INDEX register_entries_person ON projections.register_entries (person_id);
CREATE INDEX register_entries_register ON projections.register_entries (register, region);
COMMENT ON TABLE projections.register_entries IS 'entries of registers that offices keep of persons'' care';
COMMENT ON COLUMN projections.register_entries.number IS 'of the event in journal registers.0';
COMMENT ON COLUMN projections.register_entries.register IS 'contracts, checkups, tuberculosis, ten_diseases, poverty_causes';
COMMENT ON COLUMN projections.register_entries.held_on IS 'signed, examined, begun or established on';
COMMENT ON COLUMN projections.register_entries.until IS 'first day that it holds no longer';
COMMENT ON COLUMN projections.register_entries.due_on IS 'when the next step is due';
COMMENT ON COLUMN projections.register_entries.disease IS 'code';
COMMENT ON COLUMN projections.register_entries.hospital_id IS 'that treats, examines or signs';
COMMENT ON COLUMN projections.register_entries.finding IS 'what was found, is given, or is needed';
COMMENT ON COLUMN projections.register_entries.document IS 'number of the paper';
COMMENT ON COLUMN projections.register_entries.status IS 'standing, ended, or withdrawn: entered by mistake';
COMMENT ON COLUMN projections.register_entries.entered_login IS 'of the database; null where it is its owner''s';
COMMENT ON COLUMN projections.register_entries.reason IS 'why it was ended or withdrawn';

CREATE TABLE projections.advance_requests (
    region TEXT NOT NULL,
    advance_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    person_id TEXT,
    amount BIGINT,
    applied_on DATE,
    township TEXT,
    destination TEXT,
    need TEXT,
    applied_by TEXT,
    applied_login TEXT,
    applied_at TIMESTAMP WITH TIME ZONE,
    approved BIGINT,
    decided_by TEXT,
    decided_login TEXT,
    decided_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    filed_on DATE,
    filed_by TEXT,
    filed_login TEXT,
    filed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (region, advance_id),
    CONSTRAINT advance_requests_not_negative CHECK ("amount" >= 0 AND "approved" >= 0),
    CONSTRAINT advance_requests_status_known CHECK ("status" IN ('none', 'applied', 'approved', 'declined'))
);
CREATE INDEX advance_requests_person ON projections.advance_requests (person_id);
COMMENT ON TABLE projections.advance_requests IS 'requests for loans of the emergency fund, and their filing';
COMMENT ON COLUMN projections.advance_requests.advance_id IS 'that of the loan, once it is lent';
COMMENT ON COLUMN projections.advance_requests.number IS 'of its first event in journal registers.0';
COMMENT ON COLUMN projections.advance_requests.status IS 'applied, approved, declined; none: a loan that is filed alone';
COMMENT ON COLUMN projections.advance_requests.amount IS 'fen asked for';
COMMENT ON COLUMN projections.advance_requests.township IS 'whose station examines it, nine digits';
COMMENT ON COLUMN projections.advance_requests.destination IS 'where the person will be treated';
COMMENT ON COLUMN projections.advance_requests.need IS 'for what';
COMMENT ON COLUMN projections.advance_requests.applied_by IS 'who entered it';
COMMENT ON COLUMN projections.advance_requests.applied_login IS 'of the database; null where it is its owner''s';
COMMENT ON COLUMN projections.advance_requests.approved IS 'fen';
COMMENT ON COLUMN projections.advance_requests.reason IS 'why it was declined';
COMMENT ON COLUMN projections.advance_requests.filed_on IS 'day on which it was filed with the bureau';

CREATE TABLE projections.roster_deliveries (
    delivery_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    period TEXT NOT NULL,
    region TEXT NOT NULL,
    recipient_kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    persons INTEGER NOT NULL,
    additions INTEGER NOT NULL,
    removals INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    known_until BIGINT NOT NULL,
    published_by TEXT NOT NULL,
    published_login TEXT,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_on DATE,
    receipt TEXT,
    noted_by TEXT,
    noted_login TEXT,
    noted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (delivery_id),
    CONSTRAINT roster_deliveries_not_negative CHECK ("persons" >= 0 AND "additions" >= 0 AND "removals" >= 0),
    CONSTRAINT roster_deliveries_recipient_kind_known CHECK ("recipient_kind" IN ('hospital', 'health_bureau', 'township'))
);
CREATE INDEX roster_deliveries_period ON projections.roster_deliveries (period, region);
COMMENT ON TABLE projections.roster_deliveries IS 'lists of the poor that went out, by recipient, and their receipts';
COMMENT ON COLUMN projections.roster_deliveries.number IS 'of the event in journal registers.0';
COMMENT ON COLUMN projections.roster_deliveries.period IS 'month of the list, YYYY-MM';
COMMENT ON COLUMN projections.roster_deliveries.recipient_kind IS 'hospital, health_bureau or township';
COMMENT ON COLUMN projections.roster_deliveries.recipient IS 'hospital_id, the region''s code, or nine digits of the township';
COMMENT ON COLUMN projections.roster_deliveries.persons IS 'on the list';
COMMENT ON COLUMN projections.roster_deliveries.additions IS 'since the list of the month before';
COMMENT ON COLUMN projections.roster_deliveries.removals IS 'since the list of the month before';
COMMENT ON COLUMN projections.roster_deliveries.sha256 IS 'of the list, hex';
COMMENT ON COLUMN projections.roster_deliveries.known_until IS 'last entry of journal intake that the list knew';
COMMENT ON COLUMN projections.roster_deliveries.published_login IS 'of the database; null where it is its owner''s';
COMMENT ON COLUMN projections.roster_deliveries.receipt IS 'who signed, or the number of the receipt';
COMMENT ON COLUMN projections.roster_deliveries.noted_by IS 'who noted the receipt';
