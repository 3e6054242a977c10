"""Why a note of an office is refused."""

from processors.offices.refusal import StepRefused


class RegisterNoteRefused(StepRefused):
    """A note that the register does not allow; nothing was written. The message says what to do instead."""
