"""Pages of the window: bills on paper, the settlement sheet, and the person's own explanation in plain words."""
