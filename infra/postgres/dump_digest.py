"""The SHA-256 of a backup, in a last line of the file.

pg_dump checks the rows of an archive with a checksum, and not its list of contents: with damaged bytes there
pg_restore can leave out a constraint or a trigger, and report success. pg_restore does not read past the rows, so the
line is no harm to it.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from infra.postgres.dump import BackupError

MARK = b"\nclaims-backup sha256 "
LINE = re.compile(re.escape(MARK) + rb"([0-9a-f]{64})\n")
LINE_BYTES = len(MARK) + 64 + 1
CHUNK_BYTES = 1 << 20


def append_digest(file: Path) -> None:
    """Add the digest of what is in a file to its end."""
    size = file.stat().st_size
    with file.open("r+b") as archive:
        digest = _digest(archive, size)
        archive.seek(size)
        archive.write(MARK + digest + b"\n")


def has_digest(file: Path) -> bool:
    """Whether a file ends in its digest, right or wrong. Backups made by older versions do not.

    Raises ``BackupError`` for a digest that is cut off or not at the end, and for a file that can't be read.
    """
    with _opened(file) as archive:
        return _recorded(file, archive) is not None


def check_digest(file: Path) -> None:
    """Raise ``BackupError`` where a file is not what was written. A file without a digest passes."""
    with _opened(file) as archive:
        recorded = _recorded(file, archive)
        if recorded is not None and _digest(archive, _size(archive) - LINE_BYTES) != recorded:
            raise BackupError(f"{file} is damaged: its digest is not that of its content")


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise BackupError(f"{file} can't be read: {error.strerror}") from None


def _recorded(file: Path, archive: BinaryIO) -> bytes | None:
    size = _size(archive)
    archive.seek(max(0, size - 2 * LINE_BYTES))
    end = archive.read()
    if line := LINE.fullmatch(end[-LINE_BYTES:]):
        return line[1]
    if MARK in end:
        raise BackupError(f"{file} is damaged: its digest is not whole")
    return None


def _digest(archive: BinaryIO, upto: int) -> bytes:
    """The SHA-256 of the first bytes of a file, in hexadecimal digits."""
    sha256 = hashlib.sha256()
    archive.seek(0)
    while upto and (chunk := archive.read(min(upto, CHUNK_BYTES))):
        sha256.update(chunk)
        upto -= len(chunk)
    return sha256.hexdigest().encode()


def _size(archive: BinaryIO) -> int:
    return archive.seek(0, 2)
