"""Pages of civil affairs: lists in with a preview, comparison, lists out with receipts, history, withdrawal."""
