"""Who persons are: certificate, name, sex and birth beside the insured's number, sealed and outside the ledger."""
