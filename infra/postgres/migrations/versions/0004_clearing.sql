-- A return wrote its reason over the reference of the payment: each has a column of its own, filled from the journal, which
-- has them all.

ALTER TABLE projections.clearing_payments
    ADD COLUMN returned_at timestamptz,
    ADD COLUMN return_reference text,
    ADD COLUMN return_reason text,
    ADD COLUMN reversed_by text,
    ADD COLUMN reversed_login text;

COMMENT ON COLUMN projections.clearing_payments.reference IS 'of the last transfer';
COMMENT ON COLUMN projections.clearing_payments.return_reference IS 'of what came back';
COMMENT ON COLUMN projections.clearing_payments.reversed_by IS
    'who took the last payment back as a mistake: may not note the next one';

UPDATE projections.clearing_payments AS payment
SET returned_at = returned.recorded_at, return_reason = returned.said ->> 'reason'
FROM (
    SELECT DISTINCT ON (said ->> 'clearing_id', said ->> 'payee_kind', said ->> 'payee') recorded_at, said
    FROM ledger.entries, LATERAL (SELECT convert_from(data, 'UTF8')::jsonb AS said) AS event
    WHERE journal = 'clearing.0' AND type = 'payment.returned.v1'
    ORDER BY said ->> 'clearing_id', said ->> 'payee_kind', said ->> 'payee', number DESC
) AS returned
WHERE payment.clearing_id = returned.said ->> 'clearing_id' AND payment.payee_kind = returned.said ->> 'payee_kind'
  AND payment.payee = returned.said ->> 'payee';

UPDATE projections.clearing_payments AS payment
SET reference = paid.reference
FROM (
    SELECT DISTINCT ON (said ->> 'clearing_id', part ->> 'payee_kind', part ->> 'payee')
           said ->> 'clearing_id' AS clearing_id, part ->> 'payee_kind' AS payee_kind, part ->> 'payee' AS payee,
           said ->> 'reference' AS reference
    FROM ledger.entries, LATERAL (SELECT convert_from(data, 'UTF8')::jsonb AS said) AS event,
         LATERAL jsonb_array_elements(said -> 'payments') AS part
    WHERE journal = 'clearing.0' AND type = 'clearing.paid.v1'
    ORDER BY said ->> 'clearing_id', part ->> 'payee_kind', part ->> 'payee', number DESC
) AS paid
WHERE payment.status = 'returned' AND payment.clearing_id = paid.clearing_id
  AND payment.payee_kind = paid.payee_kind AND payment.payee = paid.payee;
