-- What settled a claim again, newest first: the page and the command of changes read a screen of them, not the journals.
CREATE INDEX entries_resettled ON ledger.entries (recorded_at DESC NULLS LAST, journal, number) WHERE type = 'claim.resettled.v1';
