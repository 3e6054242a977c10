-- How far payers are told, for when PAYOUTS holds nothing any more: nobody published for longer than it keeps messages. Empty
-- until the publisher notes it.

CREATE TABLE processors.payouts_told (
    journal text PRIMARY KEY,
    number bigint NOT NULL
);
COMMENT ON TABLE processors.payouts_told IS
    'how far payers are told, for when PAYOUTS itself holds nothing any more; up to a minute old';
COMMENT ON COLUMN processors.payouts_told.number IS 'up to which its bookings are told, as noted last';
