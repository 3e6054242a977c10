"""Accounts of funds: what is booked on each, what offices note of its money, and who bears what is left of a year."""
