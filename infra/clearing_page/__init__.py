"""The form of a clearing (清算表) that offices print and sign."""
