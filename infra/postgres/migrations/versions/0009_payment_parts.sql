-- Each fund pays from an account of its own, so a payee may be paid in parts: how much of it is paid. Payments of before were paid whole.

ALTER TABLE projections.clearing_payments ADD COLUMN paid bigint NOT NULL DEFAULT 0;
UPDATE projections.clearing_payments SET paid = amount WHERE status = 'paid';
ALTER TABLE projections.clearing_payments ALTER COLUMN paid DROP DEFAULT;
COMMENT ON COLUMN projections.clearing_payments.paid IS
    'fen of the amount that stand as paid; under the amount while it is due in whole or in part';
