-- Visits, fee lines and settlements that hospitals tell over the national interface. They stand outside the ledger, and no
-- ledger of before has any.

CREATE TABLE gateway.visits (
    mdtrt_id text PRIMARY KEY,
    kind text NOT NULL,
    fixmedins_code text NOT NULL,
    psn_no text NOT NULL,
    ipt_otp_no text,
    insutype text NOT NULL,
    insuplc_admdvs text,
    med_type text,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    disease text,
    state text NOT NULL,
    registration jsonb NOT NULL,
    diagnoses jsonb NOT NULL,
    discharge jsonb,
    discharge_diagnoses jsonb,
    msgid text NOT NULL,
    opter text NOT NULL,
    registered_at timestamptz NOT NULL,
    CONSTRAINT visits_kind_known CHECK ("kind" IN ('inpatient', 'outpatient', 'pharmacy')),
    CONSTRAINT visits_state_known CHECK ("state" IN ('sent', 'open', 'refused', 'cancelled'))
);
CREATE INDEX visits_person ON gateway.visits (psn_no, began_at);

COMMENT ON TABLE gateway.visits IS 'stays and visits as hospitals register them over the national interface';
COMMENT ON COLUMN gateway.visits.mdtrt_id IS '就诊ID, which is the ledger''s admission_id of a stay';
COMMENT ON COLUMN gateway.visits.fixmedins_code IS 'the hospital_id';
COMMENT ON COLUMN gateway.visits.psn_no IS 'the person_id';
COMMENT ON COLUMN gateway.visits.ipt_otp_no IS 'the hospital''s own number of the stay or visit';
COMMENT ON COLUMN gateway.visits.insuplc_admdvs IS '参保地区划, where it was told';
COMMENT ON COLUMN gateway.visits.med_type IS '医疗类别 as the hospital told it last';
COMMENT ON COLUMN gateway.visits.ended_at IS 'of a stay: its discharge, 2402';
COMMENT ON COLUMN gateway.visits.disease IS 'the ledger''s code of 病种编码, where one is treated';
COMMENT ON COLUMN gateway.visits.state IS 'sent (the ledger has not answered yet), open, refused or cancelled';
COMMENT ON COLUMN gateway.visits.registration IS 'the node as sent, without certificates and contacts';
COMMENT ON COLUMN gateway.visits.diagnoses IS 'diseinfo of the registration, as told last';
COMMENT ON COLUMN gateway.visits.discharge IS 'dscginfo';
COMMENT ON COLUMN gateway.visits.discharge_diagnoses IS 'diseinfo of the discharge';
COMMENT ON COLUMN gateway.visits.msgid IS 'of the transaction that registered it';

CREATE TABLE gateway.fee_lines (
    mdtrt_id text NOT NULL,
    chrg_bchno text NOT NULL,
    round smallint NOT NULL,
    feedetl_sn text NOT NULL,
    init_feedetl_sn text,
    med_list_codg text NOT NULL,
    medins_list_codg text NOT NULL,
    fee_ocur_time timestamptz NOT NULL,
    cnt numeric(16,4) NOT NULL,
    pric numeric(16,6) NOT NULL,
    amount bigint NOT NULL,
    self_funded bigint NOT NULL,
    over_limit bigint NOT NULL,
    upfront_copay bigint NOT NULL,
    in_scope bigint NOT NULL,
    priced_by text NOT NULL,
    fee jsonb NOT NULL,
    node jsonb NOT NULL,
    opter text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    PRIMARY KEY (mdtrt_id, chrg_bchno, round, feedetl_sn),
    CONSTRAINT fee_lines_priced_by_known CHECK ("priced_by" IN ('catalogue', 'hospital', 'nobody'))
);

COMMENT ON TABLE gateway.fee_lines IS 'fee lines, never changed once they are settled';
COMMENT ON COLUMN gateway.fee_lines.chrg_bchno IS '收费批次; empty for stays and pharmacies';
COMMENT ON COLUMN gateway.fee_lines.round IS '1, and one more after each reversal';
COMMENT ON COLUMN gateway.fee_lines.feedetl_sn IS '费用明细流水号';
COMMENT ON COLUMN gateway.fee_lines.init_feedetl_sn IS 'of a refund: the line taken back';
COMMENT ON COLUMN gateway.fee_lines.med_list_codg IS '医疗目录编码';
COMMENT ON COLUMN gateway.fee_lines.medins_list_codg IS 'the hospital''s own code';
COMMENT ON COLUMN gateway.fee_lines.cnt IS 'below 0: a refund';
COMMENT ON COLUMN gateway.fee_lines.amount IS 'det_item_fee_sumamt in fen; so the four parts';
COMMENT ON COLUMN gateway.fee_lines.priced_by IS 'catalogue, hospital (its own parts) or nobody';
COMMENT ON COLUMN gateway.fee_lines.fee IS 'what the catalogue says of the line, by the interface''s names';
COMMENT ON COLUMN gateway.fee_lines.node IS 'the line as sent';

CREATE TABLE gateway.settlements (
    claim_id text PRIMARY KEY,
    setl_id text NOT NULL,
    mdtrt_id text NOT NULL,
    chrg_bchno text NOT NULL,
    round smallint NOT NULL,
    fixmedins_code text NOT NULL,
    psn_no text NOT NULL,
    insutype text NOT NULL,
    insuplc_admdvs text,
    med_type text NOT NULL,
    setting text NOT NULL,
    clr_type text NOT NULL,
    infno text NOT NULL,
    msgid text NOT NULL,
    opter text NOT NULL,
    invono text,
    interim boolean NOT NULL,
    state text NOT NULL,
    event text NOT NULL,
    total bigint NOT NULL,
    self_funded bigint NOT NULL,
    over_limit bigint NOT NULL,
    upfront_copay bigint NOT NULL,
    in_scope bigint NOT NULL,
    lines integer NOT NULL,
    linesdigest text NOT NULL,
    begun_at timestamptz NOT NULL,
    settled_at timestamptz,
    layers jsonb,
    fund_pay bigint,
    psn_part bigint,
    hosp_part bigint,
    reason text,
    reversal text,
    reversal_msgid text,
    reversed_at timestamptz,
    CONSTRAINT settlements_state_known CHECK ("state" IN ('sent', 'settled', 'refused', 'reversed')),
    CONSTRAINT settlements_setting_known CHECK ("setting" IN ('inpatient', 'chronic', 'general', 'pharmacy')),
    CONSTRAINT settlements_not_negative CHECK ("total" >= 0 AND "self_funded" >= 0 AND "over_limit" >= 0 AND "upfront_copay" >= 0 AND "in_scope" >= 0 AND "lines" >= 0)
);
CREATE INDEX settlements_number ON gateway.settlements (setl_id);
CREATE UNIQUE INDEX settlements_of_visit ON gateway.settlements (mdtrt_id, chrg_bchno, round) WHERE state <> 'refused';
CREATE INDEX settlements_hospital ON gateway.settlements (fixmedins_code, settled_at);
CREATE INDEX settlements_person ON gateway.settlements (psn_no);
CREATE INDEX settlements_reversal ON gateway.settlements (fixmedins_code, reversal_msgid);

COMMENT ON TABLE gateway.settlements IS
    'settlements that hospitals asked for over the national interface, and what they were told';
COMMENT ON COLUMN gateway.settlements.setl_id IS '结算ID as the hospital knows it: the first claim''s of this bill';
COMMENT ON COLUMN gateway.settlements.clr_type IS '清算类别: 11, 21, 41';
COMMENT ON COLUMN gateway.settlements.invono IS '发票号';
COMMENT ON COLUMN gateway.settlements.interim IS 'the bill of a stay on 31 December';
COMMENT ON COLUMN gateway.settlements.state IS 'sent (the ledger has not answered yet), settled, refused, reversed';
COMMENT ON COLUMN gateway.settlements.event IS 'the event of the claim as it was sent';
COMMENT ON COLUMN gateway.settlements.total IS 'fen; so the four parts and what is paid';
COMMENT ON COLUMN gateway.settlements.lines IS 'how many fee lines';
COMMENT ON COLUMN gateway.settlements.linesdigest IS 'SHA-256 over the lines, as the claim''s event states it';
COMMENT ON COLUMN gateway.settlements.settled_at IS '结算时间: when the ledger had answered';
COMMENT ON COLUMN gateway.settlements.layers IS '[[layer, fund, fen], …] in the order applied, as told first';
COMMENT ON COLUMN gateway.settlements.fund_pay IS '基金支付总额 as told first';
COMMENT ON COLUMN gateway.settlements.psn_part IS '个人负担总金额 as told first';
COMMENT ON COLUMN gateway.settlements.hosp_part IS '医院承担 as told first';
COMMENT ON COLUMN gateway.settlements.reason IS 'why the ledger refused it';
COMMENT ON COLUMN gateway.settlements.reversal IS 'the event of the reversal as it was sent';
COMMENT ON COLUMN gateway.settlements.reversal_msgid IS 'of the transaction that reversed it';

-- Whoever adds, changes or takes away lines: none of a settlement that is under way, stands or stood.
CREATE FUNCTION gateway.refuse_settled_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    settled text;
BEGIN
    SELECT settlements.claim_id INTO settled FROM touched JOIN gateway.settlements USING (mdtrt_id, chrg_bchno, round)
    WHERE settlements.state <> 'refused' LIMIT 1;
    IF settled IS NOT NULL THEN
        RAISE EXCEPTION 'fee lines of settlement % are never changed: % is refused', settled, TG_OP;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER settled_lines_added AFTER INSERT ON gateway.fee_lines
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_settled_lines();
CREATE TRIGGER settled_lines_changed AFTER UPDATE ON gateway.fee_lines
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_settled_lines();
CREATE TRIGGER settled_lines_moved AFTER UPDATE ON gateway.fee_lines
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_settled_lines();
CREATE TRIGGER settled_lines_removed AFTER DELETE ON gateway.fee_lines
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_settled_lines();

-- A settlement ends where the ledger answers it; one that stands can only be reversed.
CREATE FUNCTION gateway.refuse_settlement_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    open constant text[] := ARRAY['state', 'settled_at', 'layers', 'fund_pay', 'psn_part', 'hosp_part', 'reason'];
    standing constant text[] := ARRAY['state', 'reversal', 'reversal_msgid', 'reversed_at'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'sent' AND NEW.state IN ('settled', 'refused') AND to_jsonb(NEW) - open = to_jsonb(OLD) - open THEN
            RETURN NEW;
        END IF;
        IF OLD.state = 'settled' AND NEW.state IN ('settled', 'reversed')
           AND to_jsonb(NEW) - standing = to_jsonb(OLD) - standing THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'settlement % is %: % is refused', OLD.claim_id, OLD.state, TG_OP;
END $$;

CREATE TRIGGER settlement_steps BEFORE UPDATE OR DELETE ON gateway.settlements
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_settlement_change();
CREATE TRIGGER no_truncation BEFORE TRUNCATE ON gateway.settlements
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncation BEFORE TRUNCATE ON gateway.fee_lines
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
