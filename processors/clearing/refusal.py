"""Why a step of clearing is not taken."""


class ClearingRefused(ValueError):
    """A step that the books do not allow: its message says what to do instead. Nothing was written."""
