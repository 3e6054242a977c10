"""Who looked at whom: each look at a person's pages is one event of journal ``access.0``."""
