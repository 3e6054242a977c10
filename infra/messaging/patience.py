"""How long a lane waits for JetStream: briefly while a leader may be missing, longer once it is something else."""

import time

_BRIEFLY_S = 20.0
"""Longer than servers take to choose the leaders of all streams and consumers that one of them led."""
_FIRST_ANSWER_S, _BRIEF_ANSWER_S, _LONG_ANSWER_S = 1.5, 0.5, 5.0
"""The first is over before any election is, and longer than a busy server takes."""
_FIRST_PAUSE_S = 0.1
_BRIEF_PAUSE_S, _LONG_PAUSE_S = 0.2, 2.0


class Patience:
    """How often something failed in a row, and since when.

    A stream or consumer that lost its leader answers nothing until its servers have chosen another, 4 to 9 s later
    (nats-server has no setting for that). Who waits 5 s for an answer and 2 s before the next question hears of the new
    leader that much later. Where brief tries did not help, a server is away or slow: then one that needs more than half
    a second gets it, and nobody is asked twice a second for hours.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._since = 0.0

    @property
    def _is_brief(self) -> bool:
        return not self._failures or time.monotonic() - self._since < _BRIEFLY_S

    @property
    def answer_s(self) -> float:
        """For how long to wait for an answer."""
        if not self._failures:
            return _FIRST_ANSWER_S
        return _BRIEF_ANSWER_S if self._is_brief else _LONG_ANSWER_S

    @property
    def pause_s(self) -> float:
        """For how long to wait before it is tried again."""
        longest = _BRIEF_PAUSE_S if self._is_brief else _LONG_PAUSE_S
        return min(_FIRST_PAUSE_S * 2.0 ** max(0, min(self._failures, 10) - 1), longest)

    def failed(self) -> None:
        """It failed once more."""
        if not self._failures:
            self._since = time.monotonic()
        self._failures += 1

    def succeeded(self) -> None:
        """It went well: what fails next fails for the first time."""
        self._failures = 0
