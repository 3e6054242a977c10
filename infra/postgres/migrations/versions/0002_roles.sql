DO $$ DECLARE wanted text; BEGIN FOREACH wanted IN ARRAY ARRAY['ledger_writer', 'finance_reader', 'investigator'] LOOP IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN BEGIN EXECUTE format('CREATE ROLE %I NOLOGIN', wanted); EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; WHEN insufficient_privilege THEN RAISE insufficient_privilege USING MESSAGE = format('%s may not create the role %s: an administrator runs CREATE ROLE %s NOLOGIN first', current_user, wanted, wanted); END; END IF; END LOOP; END $$;

GRANT USAGE ON SCHEMA ledger, projections, processors, finance TO ledger_writer;

GRANT USAGE ON SCHEMA ledger, projections, processors, finance TO investigator;

GRANT USAGE ON SCHEMA finance TO finance_reader;

GRANT SELECT ON public.alembic_version TO ledger_writer, finance_reader, investigator;

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ledger TO ledger_writer;

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA projections, processors TO ledger_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA ledger, projections, processors, finance TO investigator;

GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance_reader, ledger_writer;

ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT, INSERT ON TABLES TO ledger_writer;

ALTER DEFAULT PRIVILEGES IN SCHEMA projections, processors GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO ledger_writer;

ALTER DEFAULT PRIVILEGES IN SCHEMA ledger, projections, processors, finance GRANT SELECT ON TABLES TO investigator;

ALTER DEFAULT PRIVILEGES IN SCHEMA finance GRANT SELECT ON TABLES TO finance_reader, ledger_writer;
