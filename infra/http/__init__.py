"""What the programs that serve HTTP share: where they listen, and how they begin and end."""
