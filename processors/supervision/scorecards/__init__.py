"""Scorecards of hospitals: what each item comes to, its points, the credit class and the rank."""
