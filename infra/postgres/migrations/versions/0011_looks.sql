-- Whom hospitals have asked about over the national interface: they look past the console, whose looks the ledger keeps.

CREATE TABLE gateway.looks (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fixmedins_code text NOT NULL,
    opter text NOT NULL,
    infno text NOT NULL,
    msgid text NOT NULL,
    psn_no text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX looks_person ON gateway.looks (psn_no, number);

COMMENT ON TABLE gateway.looks IS 'who was asked about over the national interface; never changed';
COMMENT ON COLUMN gateway.looks.fixmedins_code IS 'the hospital that asked';
COMMENT ON COLUMN gateway.looks.opter IS 'its clerk, as named in the envelope';
COMMENT ON COLUMN gateway.looks.psn_no IS 'the person_id';

CREATE FUNCTION gateway.refuse_look_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN RAISE EXCEPTION 'looks are never changed: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON gateway.looks
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_look_change();

CREATE TRIGGER append_only_table BEFORE TRUNCATE ON gateway.looks
FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_look_change();
