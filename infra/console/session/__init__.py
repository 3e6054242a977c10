"""Sign in, sign out, and what a session may."""
