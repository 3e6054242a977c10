"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

READABLE = 0o644
"""Mode of a file that is for everybody."""
PRIVATE = 0o600
"""Mode of a file that names persons: for its writer alone."""


def write_atomically(path: Path, content: bytes, mode: int = 0o640) -> None:
    """Write a file by way of another beside it, so that no reader ever sees half of it.

    Raises OSError, which names the file that was asked for and not the one beside it.
    """
    try:
        _write(path, content, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path: Path, content: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
