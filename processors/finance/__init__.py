"""What finance reads of the ledger: sums that are moved forward, and the reports over them."""
