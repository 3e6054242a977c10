"""What the gateway keeps of hospitals and visits, beside the ledger and outside it."""
