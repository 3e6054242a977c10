"""Persons: the list, and the page of one, as known at a moment and as true on a day."""
