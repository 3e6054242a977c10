-- Persons' certificates and names stand outside the ledger, sealed, in a schema and under a role of their own (rights.sql).

CREATE SCHEMA identities;

CREATE TABLE identities.persons (
    number bigint PRIMARY KEY,
    person_id text NOT NULL,
    sealed bytea NOT NULL,
    certificate bytea NOT NULL,
    key_id text NOT NULL,
    actor text NOT NULL,
    login text NOT NULL,
    owner boolean NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX persons_person ON identities.persons (person_id, number);
CREATE INDEX persons_certificate ON identities.persons (certificate);

COMMENT ON TABLE identities.persons IS
    'who a person is, as lists told it; of a person the last row holds; a row is never changed, only sealed anew';
COMMENT ON COLUMN identities.persons.number IS 'in the order in which rows were recorded, without gaps from 1';
COMMENT ON COLUMN identities.persons.person_id IS 'psn_no';
COMMENT ON COLUMN identities.persons.sealed IS 'name, certificate, sex, birth and insurance, AES-256-GCM';
COMMENT ON COLUMN identities.persons.certificate IS 'blind index of the certificate''s number, HMAC-SHA256';
COMMENT ON COLUMN identities.persons.key_id IS 'under which key it is sealed and indexed';
COMMENT ON COLUMN identities.persons.login IS 'of the database';
COMMENT ON COLUMN identities.persons.owner IS 'whether the login owns the database, which tells nobody apart';

CREATE FUNCTION identities.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'sealed' - 'certificate' - 'key_id' = to_jsonb(OLD) - 'sealed' - 'certificate' - 'key_id' THEN RETURN NEW; END IF; RAISE EXCEPTION 'what is recorded of persons is never changed: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE FUNCTION identities.refuse_other_login() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF NEW.login <> session_user::text THEN RAISE EXCEPTION 'login % writes as %', session_user, NEW.login; END IF; IF NEW.owner AND session_user <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) THEN RAISE EXCEPTION 'login % does not own the database', session_user; END IF; RETURN NULL; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON identities.persons
FOR EACH ROW EXECUTE FUNCTION identities.refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON identities.persons
FOR EACH STATEMENT EXECUTE FUNCTION identities.refuse_change();
CREATE TRIGGER own_login AFTER INSERT ON identities.persons
FOR EACH ROW EXECUTE FUNCTION identities.refuse_other_login();
