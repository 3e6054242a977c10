"""The operator's pages: who works and how far, what is parked, refused and waits, proofs, seals, backups, access."""
