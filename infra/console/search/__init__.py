"""Search for a person, a claim, a hospital or an event."""
