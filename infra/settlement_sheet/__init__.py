"""The settlement sheet (结算单) of a claim for paper: one template for the console, files and the gateway."""
