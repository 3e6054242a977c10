"""Clearing (清算): what the funds owe hospitals and persons for a month, drafted, approved by a second person, paid."""
