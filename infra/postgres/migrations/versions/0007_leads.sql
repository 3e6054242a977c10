-- Leads of supervision, and how far the ledger was looked through for them. The first catch-up looks at all of it.
CREATE TABLE projections.leads (
    lead_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    rule TEXT NOT NULL,
    version INTEGER NOT NULL,
    severity TEXT NOT NULL,
    region TEXT NOT NULL,
    person_id TEXT,
    hospital_id TEXT,
    year SMALLINT,
    claims TEXT[] NOT NULL,
    dates DATE[] NOT NULL,
    at_risk JSONB NOT NULL,
    at_risk_total BIGINT NOT NULL,
    outlier BIGINT NOT NULL,
    evidence JSONB NOT NULL,
    state TEXT NOT NULL,
    shown BOOLEAN NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed BIGINT NOT NULL,
    actor TEXT,
    login TEXT,
    reason TEXT,
    case_id TEXT,
    PRIMARY KEY (lead_id),
    CONSTRAINT leads_not_negative CHECK ("at_risk_total" >= 0 AND "outlier" >= 0),
    CONSTRAINT leads_severity_known CHECK ("severity" IN ('hint', 'suspicious', 'violation')),
    CONSTRAINT leads_state_known CHECK ("state" IN ('open', 'dismissed', 'in_case', 'confirmed', 'withdrawn'))
);
CREATE INDEX leads_hospital ON projections.leads (hospital_id);
CREATE INDEX leads_person ON projections.leads (person_id);
COMMENT ON TABLE projections.leads IS 'what rules of supervision found, and what offices did of it';
COMMENT ON COLUMN projections.leads.lead_id IS 'hash of the rule and of what makes it the same lead again';
COMMENT ON COLUMN projections.leads.number IS 'of lead.found in journal leads.0';
COMMENT ON COLUMN projections.leads.version IS 'of the rule''s values in the text in force';
COMMENT ON COLUMN projections.leads.region IS 'of the person, of a hospital''s lead the hospital''s';
COMMENT ON COLUMN projections.leads.year IS 'benefit year of a lead that needs all claims of it; null: of one person';
COMMENT ON COLUMN projections.leads.at_risk IS '{layer: fen} that funds paid';
COMMENT ON COLUMN projections.leads.at_risk_total IS 'fen';
COMMENT ON COLUMN projections.leads.outlier IS 'how far it stands out, in thousandths';
COMMENT ON COLUMN projections.leads.shown IS 'whether the facts still show it';
COMMENT ON COLUMN projections.leads.changed IS 'number of its last event in journal leads.0';
COMMENT ON COLUMN projections.leads.actor IS 'who brought it into its state, where an office did';

CREATE TABLE projections.lead_journals (
    journal TEXT NOT NULL,
    number BIGINT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (journal)
);
COMMENT ON TABLE projections.lead_journals IS 'how far the ledger was looked through for leads';
COMMENT ON COLUMN projections.lead_journals.number IS 'the last entry looked at';
COMMENT ON COLUMN projections.lead_journals.context IS 'of texts and rules by which all was looked at';

CREATE TABLE projections.lead_years (
    year SMALLINT NOT NULL,
    PRIMARY KEY (year)
);
COMMENT ON TABLE projections.lead_years IS 'benefit years whose hospitals and peers wait to be looked at again';
