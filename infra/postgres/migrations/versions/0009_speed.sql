-- Refunds of premiums are few among the entries of intake: who looks for those that no clearing has taken reads them alone.
CREATE INDEX entries_refunds ON ledger.entries (journal, number) WHERE type = 'premium.refunded.v1';
