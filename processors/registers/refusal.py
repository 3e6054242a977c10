"""Why a note of an office is refused."""

from processors.clearing.refusal import ClearingRefused


class RegisterNoteRefused(ClearingRefused):
    """A note that the register does not allow; nothing was written. The message says what to do instead."""
