-- Who has removed which answers and files of the gateway.

CREATE TABLE gateway.prunings (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    before timestamptz NOT NULL,
    answers integer NOT NULL,
    files integer NOT NULL,
    actor text NOT NULL,
    login text NOT NULL DEFAULT session_user,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE gateway.prunings IS 'removals of old answers and files';
COMMENT ON COLUMN gateway.prunings.before IS 'what had ended before then was removed';
COMMENT ON COLUMN gateway.prunings.answers IS 'how many sealed answers';
COMMENT ON COLUMN gateway.prunings.files IS 'how many files of reconciliation';
COMMENT ON COLUMN gateway.prunings.login IS 'of the database';

CREATE FUNCTION gateway.refuse_pruning_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN RAISE EXCEPTION 'what was removed stays recorded: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON gateway.prunings
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_pruning_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON gateway.prunings
FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_pruning_change();
