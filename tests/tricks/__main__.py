"""Writes the file, to look at it or to settle it with ``claims settle``."""

import sys
from pathlib import Path

import orjson

from tests.tricks.file import planted_file

if __name__ == "__main__":
    lines = [orjson.dumps(event) for event in planted_file().events]
    Path(sys.argv[1]).write_bytes(b"\n".join(lines) + b"\n")
