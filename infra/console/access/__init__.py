"""Who looked at whom, for those who oversee it; and what an investigator says that he looks for."""
