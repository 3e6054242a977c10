"""Texts that one person proposes and another adopts: a scheme, or one of supervision. Each is tried first."""
