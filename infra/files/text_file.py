"""Files of text as offices send and open them: UTF-8 or GB18030 comes in, CSV for spreadsheets goes out."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

LARGEST_BYTES = 100_000_000


class UnusableFile(ValueError):
    """A file that is not what it should be: of another kind, in another encoding, without its headings.

    The message says what is wrong with it.
    """


def decoded(content: bytes, otherwise: str) -> str:
    """Text in UTF-8 or GB18030. Raises ``UnusableFile`` with the message ``otherwise``.

    Text in GB18030 is hardly ever valid UTF-8; where it is, the headings or the cells come out unknown.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnusableFile(otherwise)


def read_bytes(path: Path, too_large: str) -> bytes:
    """A file's content. Raises ``UnusableFile`` where it is too large, and OSError where it can't be read."""
    if path.stat().st_size > LARGEST_BYTES:
        raise UnusableFile(f"{too_large} {LARGEST_BYTES // 1_000_000} MB")
    return path.read_bytes()


def csv_bytes(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that spreadsheets open with its Chinese whole: UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
