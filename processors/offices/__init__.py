"""Steps that offices take: who takes them, when they need two persons, and the journals that hold them."""
