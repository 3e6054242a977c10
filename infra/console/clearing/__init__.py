"""Clearing: from the draft of a month to the bank's file and its reply, and what is kept back of hospitals."""
