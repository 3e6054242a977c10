"""Why a step of clearing is refused."""


class ClearingRefused(ValueError):
    """A step that the books do not allow. The message says what to do instead; nothing was written."""
