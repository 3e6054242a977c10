"""Clearing (清算): what the funds owe hospitals and persons for a month; one person drafts it, another approves it."""
