"""The medical catalogue: what is insured of drugs, services and consumables, and to which part of a price."""
