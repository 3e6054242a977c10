"""Law: the texts of schemes and of supervision, what changes from one to another, and their adoption by two persons."""
