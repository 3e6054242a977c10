"""What figures and states are called, Chinese first, for the command line and the console."""
