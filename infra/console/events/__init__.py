"""Entries of the ledger as they were sent or decided, with what they follow from and what followed from them."""
