"""Pages of hospitals: the register, and one hospital beside its peers."""
