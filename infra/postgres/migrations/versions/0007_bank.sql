-- Accounts to which payees are paid stand outside the ledger, in a schema and under a role of their own (rights.sql). A second
-- clearing of a month says which one it supplements; clearings of before supplement none.

CREATE SCHEMA payees;

CREATE TABLE payees.account_steps (
    number bigint PRIMARY KEY,
    step text NOT NULL,
    account bigint NOT NULL,
    payee_kind text NOT NULL,
    payee text NOT NULL,
    relation text,
    reason text,
    sealed bytea,
    key_id text,
    actor text NOT NULL,
    login text NOT NULL,
    owner boolean NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT account_steps_step_known CHECK ("step" IN ('set', 'approved', 'withdrawn', 'ended')),
    CONSTRAINT account_steps_payee_kind_known CHECK ("payee_kind" IN ('hospital', 'person', 'emergency_fund')),
    CONSTRAINT account_steps_relation_known CHECK ("relation" IN ('own', 'guardian', 'heir', 'other'))
);
CREATE INDEX account_steps_payee ON payees.account_steps (payee_kind, payee);

COMMENT ON TABLE payees.account_steps IS
    'accounts to which payees are paid; a step is never changed, only sealed anew';
COMMENT ON COLUMN payees.account_steps.number IS 'of the step, without gaps from 1';
COMMENT ON COLUMN payees.account_steps.step IS 'set, approved, withdrawn (before approval) or ended';
COMMENT ON COLUMN payees.account_steps.account IS 'number of the step that set the account';
COMMENT ON COLUMN payees.account_steps.payee IS 'hospital_id, person_id, or the region of the emergency fund';
COMMENT ON COLUMN payees.account_steps.relation IS 'whose account it is: own, guardian, heir or other';
COMMENT ON COLUMN payees.account_steps.reason IS
    'why it is not the payee''s own, or why it was withdrawn or ended';
COMMENT ON COLUMN payees.account_steps.sealed IS 'holder, number, bank and its code, AES-256-GCM';
COMMENT ON COLUMN payees.account_steps.key_id IS 'under which key it is sealed';
COMMENT ON COLUMN payees.account_steps.login IS 'of the database';
COMMENT ON COLUMN payees.account_steps.owner IS 'whether the login owns the database, which tells nobody apart';

CREATE FUNCTION payees.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'sealed' - 'key_id' = to_jsonb(OLD) - 'sealed' - 'key_id' THEN RETURN NEW; END IF; RAISE EXCEPTION 'steps on accounts are never changed: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE FUNCTION payees.refuse_other_login() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF NEW.login <> session_user::text THEN RAISE EXCEPTION 'login % writes as %', session_user, NEW.login; END IF; IF NEW.owner AND session_user <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) THEN RAISE EXCEPTION 'login % does not own the database', session_user; END IF; RETURN NULL; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON payees.account_steps
FOR EACH ROW EXECUTE FUNCTION payees.refuse_change();

CREATE TRIGGER append_only_table BEFORE TRUNCATE ON payees.account_steps
FOR EACH STATEMENT EXECUTE FUNCTION payees.refuse_change();

CREATE TRIGGER own_login AFTER INSERT ON payees.account_steps
FOR EACH ROW EXECUTE FUNCTION payees.refuse_other_login();

ALTER TABLE projections.clearings ADD COLUMN supplements text;
COMMENT ON COLUMN projections.clearings.supplements IS 'the clearing of the same month before it, where there is one';
