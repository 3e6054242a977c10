"""Cases of supervision: from a lead to a finding, a decision by two persons, and the facts that it sends to intake."""
