"""Changes: who changed what was settled, over all persons."""
