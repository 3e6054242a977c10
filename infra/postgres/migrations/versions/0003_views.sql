-- From here on views stand in infra/postgres/views: they are dropped before a migration and made anew behind it.

DROP VIEW IF EXISTS
    projections.payouts,
    finance.accumulations, finance.statements, finance.freshness, finance.fund_flows, finance.annual_report,
    finance.hospital_costs, finance.targets, finance.attainment, finance.cost_growth, finance.oversight;

CREATE TABLE public.view_files (digest text PRIMARY KEY, names text[] NOT NULL);
COMMENT ON TABLE public.view_files IS 'one row: sha256 of the files of views and rights that were applied';
COMMENT ON COLUMN public.view_files.names IS 'the views that were made: a later version drops them, also those it has no more';
