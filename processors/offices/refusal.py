"""Why a step of an office is refused."""


class StepRefused(ValueError):
    """A step that the books do not allow; nothing was written.

    The message says what to do instead: in Chinese, then in English.
    """
