"""What reforms would have cost: their parameters beside their effect."""
