"""Standard output that writes all that it is given, also where Python was told not to buffer it.

With ``PYTHONUNBUFFERED``, as containers like to set it, Python writes to the descriptor itself, and drops what one call
to the system leaves over. A pipe whose reader is slow takes 65,536 bytes, and a process that is stopped then, or gets a
signal, has written only these (CPython's bpo-41221).
"""

import io
import sys
from typing import BinaryIO


def write_wholly() -> None:
    """Put a buffer in front of the process's stdout and stderr where they have none; a line is still told at once."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        raw = getattr(stream, "buffer", None)
        if isinstance(raw, io.RawIOBase):
            told = io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)
            setattr(sys, name, told)


def standard_output() -> BinaryIO:
    """The process's stdout for bytes, buffered whatever Python was told."""
    write_wholly()
    return sys.stdout.buffer
