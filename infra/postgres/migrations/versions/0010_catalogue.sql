-- The medical catalogue, by which fee lines are priced: entries with their first day, never changed. It is no part of the ledger.

CREATE SCHEMA IF NOT EXISTS gateway;

CREATE TABLE gateway.catalogue_imports (
    number bigint PRIMARY KEY,
    sha256 text NOT NULL,
    listed integer NOT NULL,
    entries integer NOT NULL,
    actor text NOT NULL,
    login text NOT NULL,
    owner boolean NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE gateway.catalogue_imports IS 'lists of the medical catalogue that were taken in; never changed';
COMMENT ON COLUMN gateway.catalogue_imports.number IS 'of the import, without gaps from 1';
COMMENT ON COLUMN gateway.catalogue_imports.sha256 IS 'of the file, hex';
COMMENT ON COLUMN gateway.catalogue_imports.listed IS 'rows of the list';
COMMENT ON COLUMN gateway.catalogue_imports.entries IS 'entries that were new; the others stood already';
COMMENT ON COLUMN gateway.catalogue_imports.login IS 'of the database';
COMMENT ON COLUMN gateway.catalogue_imports.owner IS 'whether the login owns the database, which tells nobody apart';

CREATE TABLE gateway.catalogue_entries (
    number bigint PRIMARY KEY,
    import bigint NOT NULL REFERENCES gateway.catalogue_imports (number),
    region text,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    level text NOT NULL,
    upfront_ratio numeric(5, 4) NOT NULL,
    price_cap numeric(16, 6),
    charge_type text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    CONSTRAINT catalogue_entries_kind_known CHECK ("kind" IN ('drug', 'service', 'consumable')),
    CONSTRAINT catalogue_entries_level_known CHECK ("level" IN ('01', '02', '03')),
    CONSTRAINT catalogue_entries_ratio_in_bounds CHECK (upfront_ratio BETWEEN 0 AND 1),
    CONSTRAINT catalogue_entries_cap_not_negative CHECK (price_cap >= 0),
    CONSTRAINT catalogue_entries_days_in_order CHECK (valid_from <= valid_until)
);
CREATE INDEX catalogue_entries_code ON gateway.catalogue_entries (code, valid_from);

COMMENT ON TABLE gateway.catalogue_entries IS
    'what is insured of drugs, services and consumables; a new entry ends those before it from its first day';
COMMENT ON COLUMN gateway.catalogue_entries.number IS 'in the order in which entries were recorded, without gaps from 1';
COMMENT ON COLUMN gateway.catalogue_entries.import IS 'the list that brought it';
COMMENT ON COLUMN gateway.catalogue_entries.region IS 'GB/T 2260 code of the region in which it holds; NULL in all';
COMMENT ON COLUMN gateway.catalogue_entries.code IS 'med_list_codg';
COMMENT ON COLUMN gateway.catalogue_entries.level IS 'chrgitm_lv: 01, 02, 03';
COMMENT ON COLUMN gateway.catalogue_entries.upfront_ratio IS 'what the person pays upfront of the price within the cap, 0 to 1';
COMMENT ON COLUMN gateway.catalogue_entries.price_cap IS 'yuan a unit; NULL where there is none';
COMMENT ON COLUMN gateway.catalogue_entries.charge_type IS 'med_chrgitm_type';
COMMENT ON COLUMN gateway.catalogue_entries.valid_until IS 'its last day; NULL where it is open';

CREATE FUNCTION gateway.refuse_catalogue_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN RAISE EXCEPTION 'the catalogue is append only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;

CREATE FUNCTION gateway.refuse_other_importer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$ BEGIN IF NEW.login <> session_user::text THEN RAISE EXCEPTION 'login % writes as %', session_user, NEW.login; END IF; IF NEW.owner AND session_user <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) THEN RAISE EXCEPTION 'login % does not own the database', session_user; END IF; RETURN NULL; END $$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON gateway.catalogue_imports
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_catalogue_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON gateway.catalogue_imports
FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_catalogue_change();
CREATE TRIGGER own_login AFTER INSERT ON gateway.catalogue_imports
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_other_importer();

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON gateway.catalogue_entries
FOR EACH ROW EXECUTE FUNCTION gateway.refuse_catalogue_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON gateway.catalogue_entries
FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_catalogue_change();
