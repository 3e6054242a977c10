"""Pages of finance: reports with the rows behind their figures, accounts of funds, and what is owed."""
