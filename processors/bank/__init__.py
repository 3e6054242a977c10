"""Money to payees' accounts: the register of accounts, the file of payments for the bank, the bank's reply."""
