-- The gateway keeps what it needs to answer a hospital twice alike, and the hospitals that it speaks for, outside the ledger.

CREATE SCHEMA gateway;

CREATE TABLE gateway.transactions (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hospital_id text NOT NULL,
    infno text NOT NULL,
    msgid text NOT NULL,
    digest bytea,
    state text NOT NULL,
    reply bytea,
    key_id text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    CONSTRAINT transactions_msgid UNIQUE (hospital_id, infno, msgid),
    CONSTRAINT transactions_state_known CHECK ("state" IN ('open', 'answered', 'withdrawn'))
);

COMMENT ON TABLE gateway.transactions IS
    'transactions of the national interface, each known by hospital, infno and msgid';
COMMENT ON COLUMN gateway.transactions.number IS 'serial; its ids are made from it';
COMMENT ON COLUMN gateway.transactions.hospital_id IS 'fixmedins_code';
COMMENT ON COLUMN gateway.transactions.digest IS 'SHA-256 of input; null where its reversal came first';
COMMENT ON COLUMN gateway.transactions.state IS 'open, answered or withdrawn';
COMMENT ON COLUMN gateway.transactions.reply IS 'what is kept of its answer, AES-256-GCM';
COMMENT ON COLUMN gateway.transactions.key_id IS 'under which key it is sealed';
COMMENT ON COLUMN gateway.transactions.ended_at IS 'when it was answered or withdrawn, whichever came last';

CREATE TABLE gateway.sent_events (
    transaction bigint NOT NULL,
    event_id text NOT NULL,
    waits_for text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (transaction, event_id)
);

COMMENT ON TABLE gateway.sent_events IS 'events of transactions that are open: what the ledger may know of them';
COMMENT ON COLUMN gateway.sent_events.waits_for IS 'id of the claim or event under which it is answered';
COMMENT ON COLUMN gateway.sent_events.body IS 'the CloudEvent, to be sent again as it was';

CREATE TABLE gateway.hospital_steps (
    number bigint PRIMARY KEY,
    hospital_id text NOT NULL,
    step text NOT NULL,
    settings bytea,
    sealed bytea,
    key_id text,
    actor text NOT NULL,
    login text NOT NULL,
    owner boolean NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT hospital_steps_step_known CHECK ("step" IN ('set', 'ended'))
);
CREATE INDEX hospital_steps_hospital ON gateway.hospital_steps (hospital_id, number);

COMMENT ON TABLE gateway.hospital_steps IS
    'hospitals that the gateway speaks for; a step is never changed, only sealed anew';
COMMENT ON COLUMN gateway.hospital_steps.number IS 'of the step, without gaps from 1';
COMMENT ON COLUMN gateway.hospital_steps.hospital_id IS 'its fixmedins_code';
COMMENT ON COLUMN gateway.hospital_steps.step IS 'set or ended';
COMMENT ON COLUMN gateway.hospital_steps.settings IS 'networks, tables of codes and switches, JSON; all of them each time';
COMMENT ON COLUMN gateway.hospital_steps.sealed IS 'passwords and keys, AES-256-GCM';
COMMENT ON COLUMN gateway.hospital_steps.key_id IS 'under which key they are sealed';
COMMENT ON COLUMN gateway.hospital_steps.login IS 'of the database';
COMMENT ON COLUMN gateway.hospital_steps.owner IS 'whether the login owns the database, which tells nobody apart';

-- as for payees' accounts: a step may be sealed anew, and is never changed
CREATE FUNCTION gateway.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'sealed' - 'key_id' = to_jsonb(OLD) - 'sealed' - 'key_id' THEN RETURN NEW; END IF; RAISE EXCEPTION 'steps on hospitals are never changed: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE FUNCTION gateway.refuse_other_login() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF NEW.login <> session_user::text THEN RAISE EXCEPTION 'login % writes as %', session_user, NEW.login; END IF; IF NEW.owner AND session_user <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) THEN RAISE EXCEPTION 'login % does not own the database', session_user; END IF; RETURN NULL; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON gateway.hospital_steps
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_change();

CREATE TRIGGER append_only_table BEFORE TRUNCATE ON gateway.hospital_steps
FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_change();

CREATE TRIGGER own_login AFTER INSERT ON gateway.hospital_steps
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_other_login();
