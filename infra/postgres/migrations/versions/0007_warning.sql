-- Budgets of funds, and the month to which what is booked on them belongs. The sums are forgotten: the next catch-up counts
-- anew.

TRUNCATE projections.counted_journals, projections.counted_claims, projections.fund_flows, projections.fund_bookings,
         projections.annual_sums, projections.annual_layers, projections.hospital_years, projections.person_years,
         projections.disease_years, projections.roster_gaps, projections.roster_years;

ALTER TABLE projections.fund_bookings ADD COLUMN service_month TEXT NOT NULL;
ALTER TABLE projections.fund_bookings DROP CONSTRAINT fund_bookings_pkey;
ALTER TABLE projections.fund_bookings
    ADD PRIMARY KEY (month, service_month, year, scheme, region, fund, insurer, line, other_fund);
COMMENT ON COLUMN projections.fund_bookings.service_month IS 'YYYY-MM of the account''s year: see BOOKED_ON_FUNDS';

CREATE TABLE projections.fund_budgets (
    budget_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    scheme TEXT NOT NULL,
    region TEXT NOT NULL,
    fund TEXT NOT NULL,
    insurer TEXT,
    year SMALLINT NOT NULL,
    spending BIGINT NOT NULL,
    income BIGINT,
    order_no TEXT NOT NULL,
    office TEXT NOT NULL,
    status TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_login TEXT,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by TEXT,
    approved_login TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    ended_by TEXT,
    ended_login TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    PRIMARY KEY (budget_id),
    CONSTRAINT fund_budgets_not_negative CHECK ("spending" >= 0 AND "income" >= 0),
    CONSTRAINT fund_budgets_status_known CHECK ("status" IN ('entered', 'approved', 'withdrawn')),
    CONSTRAINT fund_budgets_office_known CHECK ("office" IN ('bureau', 'finance_office'))
);
CREATE INDEX fund_budgets_account ON projections.fund_budgets (scheme, region, year);
COMMENT ON TABLE projections.fund_budgets IS 'budgets of funds, as offices entered them';
COMMENT ON COLUMN projections.fund_budgets.number IS 'of the event in journal funds.0';
COMMENT ON COLUMN projections.fund_budgets.scheme IS 'name';
COMMENT ON COLUMN projections.fund_budgets.insurer IS 'who keeps it, where one does';
COMMENT ON COLUMN projections.fund_budgets.year IS 'of the account';
COMMENT ON COLUMN projections.fund_budgets.spending IS 'fen that the fund may spend in the year';
COMMENT ON COLUMN projections.fund_budgets.income IS 'fen that it should receive';
COMMENT ON COLUMN projections.fund_budgets.order_no IS 'of the document that sets it';
COMMENT ON COLUMN projections.fund_budgets.office IS 'bureau or finance_office: whose clerk entered it';
COMMENT ON COLUMN projections.fund_budgets.status IS 'entered, approved (the last of a fund and year counts), withdrawn';
COMMENT ON COLUMN projections.fund_budgets.entered_login IS 'of the database; null where it is its owner''s, which tells nobody apart';
COMMENT ON COLUMN projections.fund_budgets.ended_by IS 'who withdrew it';
COMMENT ON COLUMN projections.fund_budgets.reason IS 'why it was withdrawn';
