"""Leads of supervision: the queue, a sample of it, one lead with its evidence, and the texts of parameters."""
