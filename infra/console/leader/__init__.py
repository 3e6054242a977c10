"""The leader's page, live."""
