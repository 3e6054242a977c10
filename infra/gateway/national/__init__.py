"""The national platform's interface for hospitals and pharmacies: one POST, one JSON document in and out."""
