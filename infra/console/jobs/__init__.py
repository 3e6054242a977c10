"""Long work in the background, as its pages show it."""
