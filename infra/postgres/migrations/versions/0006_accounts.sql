-- What is booked on each fund, and what offices note of its money. The sums are forgotten: the next catch-up counts anew.

TRUNCATE projections.counted_journals, projections.counted_claims, projections.fund_flows, projections.annual_sums,
         projections.annual_layers, projections.hospital_years, projections.person_years, projections.roster_gaps,
         projections.roster_years;

CREATE TABLE projections.fund_bookings (
    month TEXT NOT NULL,
    year SMALLINT NOT NULL,
    scheme TEXT NOT NULL,
    region TEXT NOT NULL,
    fund TEXT NOT NULL,
    insurer TEXT NOT NULL,
    line TEXT NOT NULL,
    other_fund TEXT NOT NULL,
    amount BIGINT NOT NULL,
    bookings INTEGER NOT NULL,
    PRIMARY KEY (month, year, scheme, region, fund, insurer, line, other_fund),
    CONSTRAINT fund_bookings_line_known CHECK ("line" IN ('premiums', 'payouts', 'grants', 'refunds', 'premiums_paid'))
);
COMMENT ON TABLE projections.fund_bookings IS 'sums of what is booked on each fund';
COMMENT ON COLUMN projections.fund_bookings.month IS 'of booking, YYYY-MM in Asia/Shanghai';
COMMENT ON COLUMN projections.fund_bookings.year IS 'benefit year, or the premium''s';
COMMENT ON COLUMN projections.fund_bookings.scheme IS 'name';
COMMENT ON COLUMN projections.fund_bookings.region IS 'of the person; of a refund that whose clearings carry it';
COMMENT ON COLUMN projections.fund_bookings.insurer IS 'who keeps the fund; empty where none is named';
COMMENT ON COLUMN projections.fund_bookings.line IS 'of the account, as in projections/fund_bookings.py';
COMMENT ON COLUMN projections.fund_bookings.other_fund IS 'of a premium: who pays it, or what it is paid to; else empty';
COMMENT ON COLUMN projections.fund_bookings.amount IS 'fen';

CREATE TABLE projections.fund_movements (
    movement_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    scheme TEXT NOT NULL,
    region TEXT NOT NULL,
    year SMALLINT NOT NULL,
    from_fund TEXT,
    from_insurer TEXT,
    to_fund TEXT,
    to_insurer TEXT,
    amount BIGINT NOT NULL,
    moved_on DATE NOT NULL,
    reference TEXT NOT NULL,
    order_no TEXT,
    proof TEXT,
    party TEXT,
    fine_id TEXT,
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
    PRIMARY KEY (movement_id),
    CONSTRAINT fund_movements_not_negative CHECK ("amount" >= 0),
    CONSTRAINT fund_movements_kind_known CHECK ("kind" IN ('opening', 'appropriation', 'contribution', 'interest', 'donation', 'fine', 'other', 'premium', 'allocation', 'surplus', 'deficit', 'operations')),
    CONSTRAINT fund_movements_status_known CHECK ("status" IN ('entered', 'approved', 'withdrawn', 'reversed')),
    CONSTRAINT fund_movements_office_known CHECK ("office" IN ('bureau', 'finance_office'))
);
CREATE INDEX fund_movements_account ON projections.fund_movements (scheme, region, year);
COMMENT ON TABLE projections.fund_movements IS 'money that came to funds or went between them, as offices noted it';
COMMENT ON COLUMN projections.fund_movements.number IS 'of the event in journal funds.0';
COMMENT ON COLUMN projections.fund_movements.scheme IS 'name';
COMMENT ON COLUMN projections.fund_movements.year IS 'of the account';
COMMENT ON COLUMN projections.fund_movements.from_fund IS 'that pays; null where money comes from outside';
COMMENT ON COLUMN projections.fund_movements.from_insurer IS 'who keeps it, where one does';
COMMENT ON COLUMN projections.fund_movements.to_fund IS 'that receives; null where money goes outside';
COMMENT ON COLUMN projections.fund_movements.to_insurer IS 'who keeps it, where one does';
COMMENT ON COLUMN projections.fund_movements.amount IS 'fen';
COMMENT ON COLUMN projections.fund_movements.moved_on IS 'day on which the bank moved it';
COMMENT ON COLUMN projections.fund_movements.reference IS 'the bank''s; names one movement that stands';
COMMENT ON COLUMN projections.fund_movements.order_no IS 'of the order to pay';
COMMENT ON COLUMN projections.fund_movements.proof IS 'name and sha256 of the papers';
COMMENT ON COLUMN projections.fund_movements.party IS 'who paid or was paid outside the funds';
COMMENT ON COLUMN projections.fund_movements.fine_id IS 'of a fine that was paid';
COMMENT ON COLUMN projections.fund_movements.office IS 'bureau or finance_office: whose clerk entered it';
COMMENT ON COLUMN projections.fund_movements.status IS 'entered, approved (it counts), withdrawn or reversed';
COMMENT ON COLUMN projections.fund_movements.entered_login IS 'of the database; null where it is its owner''s, which tells nobody apart';
COMMENT ON COLUMN projections.fund_movements.ended_by IS 'who withdrew or reversed it';
COMMENT ON COLUMN projections.fund_movements.reason IS 'why it was withdrawn or reversed';

