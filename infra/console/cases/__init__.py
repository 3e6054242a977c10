"""Cases of supervision: opened, noted, decided by another person, carried out and closed; the blacklist."""
