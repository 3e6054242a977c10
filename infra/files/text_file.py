"""Files of text as offices send and open them: UTF-8 or GB18030 comes in, CSV for spreadsheets goes out."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

LARGEST_BYTES = 100_000_000
MOST_ROWS = 100_000
"""Rows of a table in which anything stands; a county's poor are a tenth of that, and so are a month's claims."""
MOST_CELLS = 1_000_000
"""Rows and cells of a table, empty ones among them."""
_ENDS, _DELIMITERS = "\n\r", ",;\t"


class UnusableFile(ValueError):
    """A file that is not what it should be: of another kind, in another encoding, without its headings.

    The message says what is wrong with it.
    """


def decoded(content: bytes, otherwise: str) -> str:
    """The text of a table, in UTF-8 or GB18030. Raises ``UnusableFile``: with the message ``otherwise``, or why it is
    larger than any table that is taken.

    Text in GB18030 is hardly ever valid UTF-8; where it is, the headings or the cells come out unknown.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        _check_cells(text)
        return text
    raise UnusableFile(otherwise)


def _check_cells(text: str) -> None:
    """Count rows and cells as characters: to make lists of millions of them takes the machine's memory."""
    rows = max(map(text.count, _ENDS))
    if rows > MOST_ROWS:
        raise UnusableFile(f"表格超过 {MOST_ROWS} 行 the table has more than {MOST_ROWS} rows")
    if rows + max(map(text.count, _DELIMITERS)) > MOST_CELLS:
        raise UnusableFile(f"表格超过 {MOST_CELLS} 个单元格 the table has more than {MOST_CELLS} cells")


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
