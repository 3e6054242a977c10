"""Policy simulation: what a reform would have cost, over the facts that the ledger holds. Nothing is booked."""
