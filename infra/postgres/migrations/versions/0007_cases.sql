-- Work on cases of supervision: cases, findings, measures, inspections, the blacklist. Journal cases.0 fills them; no ledger
-- of before has any of it.

CREATE TABLE projections.cases (
    case_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    region TEXT NOT NULL,
    origin TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    hospital_id TEXT,
    leads TEXT[] NOT NULL,
    inspection_id TEXT,
    officers TEXT[] NOT NULL,
    document_no TEXT NOT NULL,
    reason TEXT NOT NULL,
    opened_on DATE NOT NULL,
    due_on DATE NOT NULL,
    status TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_login TEXT,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    extensions INTEGER NOT NULL,
    proposed_by TEXT,
    proposed_login TEXT,
    proposed_at TIMESTAMP WITH TIME ZONE,
    decided_by TEXT,
    decided_login TEXT,
    decided_on DATE,
    decision_no TEXT,
    outcome TEXT,
    closed_by TEXT,
    closed_login TEXT,
    closed_on DATE,
    closing_reason TEXT,
    PRIMARY KEY (case_id),
    CONSTRAINT cases_not_negative CHECK ("extensions" >= 0),
    CONSTRAINT cases_origin_known CHECK ("origin" IN ('lead', 'report', 'plan', 'inspection')),
    CONSTRAINT cases_subject_kind_known CHECK ("subject_kind" IN ('hospital', 'pharmacy', 'person', 'doctor')),
    CONSTRAINT cases_status_known CHECK ("status" IN ('open', 'proposed', 'decided', 'closed'))
);
CREATE INDEX cases_subject ON projections.cases (subject_id);
COMMENT ON TABLE projections.cases IS 'cases of supervision, as journal cases.0 says';
COMMENT ON COLUMN projections.cases.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.cases.region IS 'of the bureau';
COMMENT ON COLUMN projections.cases.hospital_id IS 'that is fined or suspended: the subject, or where a doctor works';
COMMENT ON COLUMN projections.cases.due_on IS 'day by which it is to be decided';
COMMENT ON COLUMN projections.cases.opened_login IS 'of the database; null where it is its owner''s, which tells nobody apart';
COMMENT ON COLUMN projections.cases.decided_on IS 'day of its last decision';
COMMENT ON COLUMN projections.cases.outcome IS 'measures, no_violation or transferred';

CREATE TABLE projections.case_notes (
    note_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    noted_on DATE NOT NULL,
    due_on DATE,
    until DATE,
    amount BIGINT,
    document_no TEXT,
    reason TEXT NOT NULL,
    noted_by TEXT NOT NULL,
    noted_login TEXT,
    PRIMARY KEY (note_id),
    CONSTRAINT case_notes_not_negative CHECK ("amount" >= 0),
    CONSTRAINT case_notes_kind_known CHECK ("kind" IN ('note', 'notice', 'defence', 'hearing_offered', 'hearing_held', 'hearing_waived', 'legal_review_asked', 'legal_review', 'expert_review', 'extension', 'evidence_hold', 'sealing', 'evidence_released'))
);
CREATE INDEX case_notes_case ON projections.case_notes (case_id);
COMMENT ON TABLE projections.case_notes IS 'what was noted of a case on its way';
COMMENT ON COLUMN projections.case_notes.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.case_notes.due_on IS 'of what has a deadline';
COMMENT ON COLUMN projections.case_notes.until IS 'last day of an expert''s review';
COMMENT ON COLUMN projections.case_notes.amount IS 'fen; of a notice the fine that it announces';

CREATE TABLE projections.case_findings (
    finding_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    what TEXT NOT NULL,
    clause TEXT NOT NULL,
    leads TEXT[] NOT NULL,
    amount BIGINT NOT NULL,
    layers JSONB NOT NULL,
    claims JSONB NOT NULL,
    began_on DATE NOT NULL,
    ended_on DATE NOT NULL,
    harm BOOLEAN NOT NULL,
    document_no TEXT,
    status TEXT NOT NULL,
    noted_by TEXT NOT NULL,
    noted_login TEXT,
    decided_on DATE,
    reason TEXT,
    PRIMARY KEY (finding_id),
    CONSTRAINT case_findings_not_negative CHECK ("amount" >= 0),
    CONSTRAINT case_findings_status_known CHECK ("status" IN ('noted', 'confirmed', 'dismissed'))
);
CREATE INDEX case_findings_case ON projections.case_findings (case_id);
COMMENT ON TABLE projections.case_findings IS 'what was found in a case';
COMMENT ON COLUMN projections.case_findings.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.case_findings.leads IS 'that it confirms';
COMMENT ON COLUMN projections.case_findings.amount IS 'fen that were found';
COMMENT ON COLUMN projections.case_findings.layers IS 'fund money at risk by layer, fen';
COMMENT ON COLUMN projections.case_findings.claims IS '[{claim_id, amount, borne_by, part, reverse}], fen';
COMMENT ON COLUMN projections.case_findings.began_on IS 'first day of what was done';
COMMENT ON COLUMN projections.case_findings.ended_on IS 'its last day, from which the time bar runs';
COMMENT ON COLUMN projections.case_findings.harm IS 'health or life was harmed';
COMMENT ON COLUMN projections.case_findings.decided_on IS 'day of the decision that confirmed it';
COMMENT ON COLUMN projections.case_findings.reason IS 'why it was dismissed';

CREATE TABLE projections.case_leads (
    lead_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_on DATE,
    PRIMARY KEY (lead_id, case_id),
    CONSTRAINT case_leads_state_known CHECK ("state" IN ('in_case', 'confirmed', 'dismissed'))
);
COMMENT ON TABLE projections.case_leads IS 'leads that a case carries, and what became of them';
COMMENT ON COLUMN projections.case_leads.decided_on IS 'day of the decision that confirmed or dismissed it';

CREATE TABLE projections.case_measures (
    measure_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    finding_id TEXT,
    of_measure TEXT,
    amount BIGINT,
    from_on DATE,
    until DATE,
    basis TEXT NOT NULL,
    document_no TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_login TEXT,
    decided_on DATE,
    due_on DATE,
    lifted_on DATE,
    answered_on DATE,
    answer TEXT,
    payments JSONB NOT NULL,
    PRIMARY KEY (measure_id),
    CONSTRAINT case_measures_not_negative CHECK ("amount" >= 0),
    CONSTRAINT case_measures_kind_known CHECK ("kind" IN ('talk', 'warning_letter', 'refund', 'fine', 'payment_hold', 'suspension', 'agreement_ended', 'contract_ended', 'exposure', 'circular', 'transfer', 'lifting')),
    CONSTRAINT case_measures_status_known CHECK ("status" IN ('proposed', 'withdrawn', 'decided', 'lifted'))
);
CREATE INDEX case_measures_case ON projections.case_measures (case_id);
COMMENT ON TABLE projections.case_measures IS 'what cases propose and decide';
COMMENT ON COLUMN projections.case_measures.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.case_measures.finding_id IS 'of a refund: what is given back';
COMMENT ON COLUMN projections.case_measures.of_measure IS 'of a lifting: what it lifts';
COMMENT ON COLUMN projections.case_measures.amount IS 'fen: of a fine, of a refund, of what is held';
COMMENT ON COLUMN projections.case_measures.from_on IS 'first day of what lasts';
COMMENT ON COLUMN projections.case_measures.until IS 'first day on which it lasts no longer; null: until it is lifted';
COMMENT ON COLUMN projections.case_measures.basis IS 'the clause it rests on';
COMMENT ON COLUMN projections.case_measures.due_on IS 'day by which it is to be paid or answered';
COMMENT ON COLUMN projections.case_measures.payments IS '[{amount, late, paid_on, reference, actor, login}], fen';

CREATE TABLE projections.case_facts (
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    place SMALLINT NOT NULL,
    case_id TEXT NOT NULL,
    measure_id TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX case_facts_measure ON projections.case_facts (measure_id);
COMMENT ON TABLE projections.case_facts IS 'facts that decisions make: sent to intake until the ledger holds each, taken or refused';
COMMENT ON COLUMN projections.case_facts.number IS 'of the decision in journal cases.0';
COMMENT ON COLUMN projections.case_facts.place IS 'among the facts of the decision';
COMMENT ON COLUMN projections.case_facts.body IS 'the event as it is sent, JSON';

CREATE TABLE projections.inspections (
    inspection_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    region TEXT NOT NULL,
    hospital_id TEXT NOT NULL,
    institution_kind TEXT NOT NULL,
    kind TEXT NOT NULL,
    inspected_on DATE NOT NULL,
    officers TEXT[] NOT NULL,
    result TEXT NOT NULL,
    document_no TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_login TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_by TEXT,
    withdrawn_login TEXT,
    withdrawal_reason TEXT,
    PRIMARY KEY (inspection_id),
    CONSTRAINT inspections_institution_kind_known CHECK ("institution_kind" IN ('hospital', 'pharmacy')),
    CONSTRAINT inspections_kind_known CHECK ("kind" IN ('plan', 'report', 'lead', 'unannounced', 'again')),
    CONSTRAINT inspections_result_known CHECK ("result" IN ('clean', 'problems'))
);
CREATE INDEX inspections_hospital ON projections.inspections (hospital_id, inspected_on);
COMMENT ON TABLE projections.inspections IS 'inspections of hospitals and pharmacies';
COMMENT ON COLUMN projections.inspections.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.inspections.region IS 'of the bureau';
COMMENT ON COLUMN projections.inspections.reason IS 'what was seen';

CREATE TABLE projections.blacklist (
    entry_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    region TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    basis TEXT NOT NULL,
    document_no TEXT NOT NULL,
    effects TEXT[] NOT NULL,
    from_on DATE NOT NULL,
    until DATE NOT NULL,
    status TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_login TEXT,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by TEXT,
    approved_login TEXT,
    approved_on DATE,
    removed_on DATE,
    removal_reason TEXT,
    removal_no TEXT,
    removal_entered_by TEXT,
    removal_entered_login TEXT,
    removal_approved_by TEXT,
    removal_approved_login TEXT,
    PRIMARY KEY (entry_id),
    CONSTRAINT blacklist_subject_kind_known CHECK ("subject_kind" IN ('hospital', 'pharmacy', 'person', 'doctor')),
    CONSTRAINT blacklist_status_known CHECK ("status" IN ('entered', 'listed', 'withdrawn', 'removal_entered', 'removed'))
);
CREATE INDEX blacklist_subject ON projections.blacklist (subject_kind, subject_id);
COMMENT ON TABLE projections.blacklist IS 'who is on the blacklist; settlement does not read it';
COMMENT ON COLUMN projections.blacklist.number IS 'of the event in journal cases.0';
COMMENT ON COLUMN projections.blacklist.region IS 'of the bureau';
COMMENT ON COLUMN projections.blacklist.case_id IS 'its ground';
COMMENT ON COLUMN projections.blacklist.basis IS 'of its effects: the text or the bureau''s document';
COMMENT ON COLUMN projections.blacklist.until IS 'first day on which it holds no longer';
COMMENT ON COLUMN projections.blacklist.removed_on IS 'first day on which it holds no longer, before its end';

-- An audit may name the part of the bill that it leaves; those of before name none.
ALTER TABLE projections.audits ADD COLUMN part text;
ALTER TABLE projections.audits ADD CONSTRAINT audits_part_known
    CHECK ("part" IN ('in_scope', 'upfront_copay', 'over_limit', 'self_funded'));
COMMENT ON COLUMN projections.audits.part IS 'of the bill, that it leaves; null: the parts in their order';
