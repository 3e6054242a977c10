"""The chapters of the month that tests/integration/test_month.py lives through, one office's work a file."""
