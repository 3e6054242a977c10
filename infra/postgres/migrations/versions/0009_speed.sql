-- Refunds of premiums are few among the entries of intake: who looks for those that no clearing has taken reads them alone.
CREATE INDEX entries_refunds ON ledger.entries (journal, number) WHERE type = 'premium.refunded.v1';

-- The regions of claims are few: each is found behind the one before, and no claim is read for it.
CREATE INDEX claims_region ON projections.claims (region);

-- The last premium booked: what was added up of premiums holds until there is another.
CREATE INDEX entries_premiums ON ledger.entries (journal, number)
WHERE type IN ('premium.subsidised.v1', 'premium.purchased.v1', 'premium.refunded.v1');
