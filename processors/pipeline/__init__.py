"""What runs for each event: intake, the layers, settlement."""
