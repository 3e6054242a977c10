"""Why a step of an office is refused."""


class StepRefused(ValueError):
    """A step that the books do not allow; nothing was written.

    The message says what to do instead: in Chinese, then in English.
    """


class NoSuchRecord(StepRefused):
    """The books have nothing under an id, which is all that is wrong."""
