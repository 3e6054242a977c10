"""Leads of fund supervision (疑点): what rules find in the ledger's claims, as events of a journal of their own."""
