"""Looks at persons, for those who oversee them; and what an investigator says the look is for."""
