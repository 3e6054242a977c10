-- What each group may do. Logins are members of a group (infra/access/logins.py).

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ledger_writer', 'finance_reader', 'investigator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                -- another database of this server is set up at the same moment
                WHEN duplicate_object OR unique_violation THEN
                    NULL;
                WHEN insufficient_privilege THEN
                    RAISE insufficient_privilege USING MESSAGE = format(
                        '%s may not create the role %s: an administrator runs CREATE ROLE %s NOLOGIN first',
                        current_user, wanted, wanted);
            END;
        END IF;
    END LOOP;
END
$$;

-- from nothing, so that a right that was taken out of this file is taken away
REVOKE ALL ON ALL TABLES IN SCHEMA ledger, projections, processors, finance
    FROM ledger_writer, finance_reader, investigator;

GRANT USAGE ON SCHEMA ledger, projections, processors, finance TO ledger_writer, investigator;
GRANT USAGE ON SCHEMA finance TO finance_reader;

-- any login may ask whether the schema is this program's
GRANT SELECT ON public.alembic_version, public.view_files TO ledger_writer, finance_reader, investigator;

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ledger TO ledger_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA projections, processors TO ledger_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger, projections, processors, finance TO investigator;
GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance_reader, ledger_writer;

-- the same on tables that somebody adds later
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT, INSERT ON TABLES TO ledger_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA projections, processors
    GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO ledger_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger, projections, processors, finance GRANT SELECT ON TABLES TO investigator;
ALTER DEFAULT PRIVILEGES IN SCHEMA finance GRANT SELECT ON TABLES TO finance_reader, ledger_writer;
