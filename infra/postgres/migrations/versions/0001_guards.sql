CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON ledger.entries
FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER append_only_table BEFORE TRUNCATE ON ledger.entries
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON ledger.schemes
FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER append_only_table BEFORE TRUNCATE ON ledger.schemes
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE processors.positions ALTER COLUMN outgoing SET STORAGE EXTERNAL;

ALTER TABLE processors.positions SET (fillfactor = 50);
