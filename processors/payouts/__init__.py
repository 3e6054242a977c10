"""What the ledger has booked, told to who pays it: the journals followed, each booking an event with its fund."""
