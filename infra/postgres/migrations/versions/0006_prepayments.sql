-- Funds pay hospitals ahead (预拨), and clearings set it off. Clearings of before have set off none.

CREATE TABLE projections.prepayments (
    prepayment_id text PRIMARY KEY,
    number bigint NOT NULL,
    region text NOT NULL,
    hospital_id text NOT NULL,
    fund text NOT NULL,
    insurer text,
    amount bigint NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    ordered_by text NOT NULL,
    ordered_login text,
    ordered_at timestamptz NOT NULL,
    approved_by text,
    approved_login text,
    reference text,
    paid_on date,
    set_off bigint NOT NULL,
    returned bigint NOT NULL,
    reversed_by text,
    reversed_login text,
    CONSTRAINT prepayments_not_negative CHECK ("amount" >= 0 AND "set_off" >= 0 AND "returned" >= 0),
    CONSTRAINT prepayments_status_known CHECK ("status" IN ('ordered', 'paid', 'withdrawn'))
);
CREATE INDEX prepayments_hospital ON projections.prepayments (region, hospital_id);

COMMENT ON COLUMN projections.prepayments.number IS 'of its order in journal clearing.0: the oldest goes first';
COMMENT ON COLUMN projections.prepayments.region IS 'whose clearings set it off';
COMMENT ON COLUMN projections.prepayments.fund IS 'out of which it is paid';
COMMENT ON COLUMN projections.prepayments.insurer IS 'that keeps the fund, where one does';
COMMENT ON COLUMN projections.prepayments.amount IS 'fen';
COMMENT ON COLUMN projections.prepayments.status IS 'ordered, paid or withdrawn';
COMMENT ON COLUMN projections.prepayments.approved_by IS 'who approved it and noted the transfer';
COMMENT ON COLUMN projections.prepayments.reference IS 'of the transfer';
COMMENT ON COLUMN projections.prepayments.paid_on IS 'day of the transfer';
COMMENT ON COLUMN projections.prepayments.set_off IS 'fen set off by clearings, drafted ones too';
COMMENT ON COLUMN projections.prepayments.returned IS 'fen that the hospital has paid back';
COMMENT ON COLUMN projections.prepayments.reversed_by IS
    'who took the noted transfer back as a mistake: may not note the next one';

ALTER TABLE projections.clearings ADD COLUMN prepaid jsonb NOT NULL DEFAULT '[]';
ALTER TABLE projections.clearings ALTER COLUMN prepaid DROP DEFAULT;
COMMENT ON COLUMN projections.clearings.prepaid IS '[{prepayment_id, payee, fund, insurer, amount}], fen';

ALTER TABLE projections.clearing_payments ADD COLUMN prepaid bigint NOT NULL DEFAULT 0;
ALTER TABLE projections.clearing_payments ALTER COLUMN prepaid DROP DEFAULT;
COMMENT ON COLUMN projections.clearing_payments.prepaid IS 'fen of it that a fund had paid ahead';
ALTER TABLE projections.clearing_payments
    DROP CONSTRAINT clearing_payments_not_negative,
    ADD CONSTRAINT clearing_payments_not_negative CHECK ("set_off" >= 0 AND "amount" >= 0 AND "prepaid" >= 0);
