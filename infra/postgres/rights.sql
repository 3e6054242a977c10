-- What each group may do. Logins are members of a group (infra/access/logins.py).

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ledger_writer', 'finance_reader', 'leader', 'investigator', 'payee_keeper',
                                  'identity_keeper', 'gateway'] LOOP
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

GRANT USAGE ON SCHEMA ledger, projections, processors, finance
TO ledger_writer, investigator, payee_keeper, identity_keeper, gateway;
GRANT USAGE ON SCHEMA finance TO finance_reader, leader;
GRANT USAGE ON SCHEMA payees TO payee_keeper;
GRANT USAGE ON SCHEMA gateway TO ledger_writer, investigator, payee_keeper, identity_keeper, gateway;
GRANT USAGE ON SCHEMA identities TO payee_keeper, identity_keeper, gateway;

-- any login may ask whether the schema is this program's
GRANT SELECT ON public.alembic_version, public.view_files
TO ledger_writer, finance_reader, leader, investigator, payee_keeper, identity_keeper, gateway;

DO $$
DECLARE
    ours record;
    of_nobody text;
    names_somebody boolean;
    of_somebody CONSTANT text[] := ARRAY['person_id', 'household_id', 'subject_id', 'certificate'];
BEGIN
    -- a table that somebody else made in our schemas is his to give rights on
    FOR ours IN
        SELECT oid::regclass AS name, relnamespace::regnamespace::text AS room, relname FROM pg_catalog.pg_class
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_has_role(relowner, 'USAGE')
          AND relnamespace::regnamespace::text IN
              ('ledger', 'projections', 'processors', 'finance', 'payees', 'gateway', 'identities')
    LOOP
        -- from nothing, so that a right that was taken out of this file is taken away, also from whom it was passed on to
        EXECUTE format('REVOKE ALL ON %s FROM ledger_writer, finance_reader, leader, investigator, payee_keeper, '
                       'identity_keeper, gateway CASCADE', ours.name);
        -- payees' accounts are for who keeps them, and may be sealed anew, not changed
        IF ours.room = 'payees' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE (sealed, key_id) ON %s TO payee_keeper', ours.name);
            CONTINUE;
        END IF;
        -- so are persons' certificates; the gateway answers by them, and a payee_keeper backs them up, sealed as they are
        IF ours.room = 'identities' THEN
            EXECUTE format('GRANT SELECT ON %s TO payee_keeper, gateway', ours.name);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE (sealed, certificate, key_id) ON %s TO identity_keeper', ours.name);
            CONTINUE;
        END IF;
        EXECUTE format('GRANT SELECT ON %s TO investigator', ours.name);
        CASE ours.room
            WHEN 'ledger' THEN
                EXECUTE format('GRANT SELECT, INSERT ON %s TO ledger_writer, payee_keeper, identity_keeper', ours.name);
                EXECUTE format('GRANT SELECT ON %s TO gateway', ours.name);
            WHEN 'finance' THEN
                EXECUTE format('GRANT SELECT ON %s TO finance_reader, ledger_writer, payee_keeper, identity_keeper, gateway',
                               ours.name);
                -- a leader reads what the county paid and for what, and of nobody: no view of persons, households or
                -- cases; of claims, and of what was adjusted late, all but whose they are
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
                           FILTER (WHERE attname <> 'reason' AND NOT attname = ANY (of_somebody)),
                       bool_or(attname = ANY (of_somebody))
                INTO of_nobody, names_somebody FROM pg_catalog.pg_attribute
                WHERE attrelid = ours.name AND attnum > 0 AND NOT attisdropped;
                CONTINUE WHEN names_somebody AND ours.relname NOT IN ('statements', 'late_adjustments');
                EXECUTE format('GRANT SELECT (%s) ON %s TO leader', of_nobody, ours.name);
            WHEN 'gateway' THEN
                -- the bureau keeps the catalogue, and the gateway what hospitals send
                EXECUTE format('GRANT SELECT ON %s TO ledger_writer, payee_keeper, identity_keeper, gateway', ours.name);
                IF ours.relname LIKE 'catalogue%' THEN
                    EXECUTE format('GRANT INSERT ON %s TO ledger_writer, payee_keeper, identity_keeper', ours.name);
                ELSE
                    EXECUTE format('GRANT INSERT, UPDATE ON %s TO gateway', ours.name);
                END IF;
                -- an event whose transaction is answered is in the ledger; a line that is not settled may be
                -- taken back; a file of reconciliation has its time
                IF ours.relname IN ('sent_events', 'fee_lines', 'statement_files') THEN
                    EXECUTE format('GRANT DELETE ON %s TO gateway', ours.name);
                END IF;
            ELSE
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %s TO ledger_writer, payee_keeper, '
                               'identity_keeper', ours.name);
                EXECUTE format('GRANT SELECT ON %s TO gateway', ours.name);
        END CASE;
    END LOOP;
END
$$;

-- numbers of what the gateway keeps: it draws them, and a backup reads where they stand
DO $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT oid::regclass AS name, relnamespace::regnamespace::text AS room FROM pg_catalog.pg_class
        WHERE relkind = 'S' AND pg_has_role(relowner, 'USAGE')
          AND relnamespace::regnamespace::text IN ('gateway', 'identities')
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM ledger_writer, finance_reader, leader, investigator, payee_keeper, '
                       'identity_keeper, gateway CASCADE', ours.name);
        EXECUTE format('GRANT SELECT ON SEQUENCE %s TO payee_keeper', ours.name);
        IF ours.room = 'gateway' THEN
            EXECUTE format('GRANT SELECT ON SEQUENCE %s TO ledger_writer, identity_keeper', ours.name);
            EXECUTE format('GRANT SELECT, USAGE ON SEQUENCE %s TO gateway', ours.name);
        END IF;
    END LOOP;
END
$$;

-- the same on tables that somebody adds later
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT, INSERT ON TABLES TO ledger_writer, payee_keeper, identity_keeper;
ALTER DEFAULT PRIVILEGES IN SCHEMA projections, processors
    GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO ledger_writer, payee_keeper, identity_keeper;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger, projections, processors, finance GRANT SELECT ON TABLES TO investigator, gateway;
ALTER DEFAULT PRIVILEGES IN SCHEMA finance
    GRANT SELECT ON TABLES TO finance_reader, ledger_writer, payee_keeper, identity_keeper;
