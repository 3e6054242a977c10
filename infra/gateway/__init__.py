"""The gateway: hospitals speak HTTP to it, and it speaks NATS to the ledger for them (docs/decisions/0031)."""
