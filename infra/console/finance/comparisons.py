"""Files that were sent to be held against the ledger: what came of each is kept for who sent it, until a restart."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from fastapi import UploadFile

from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.state import ConsoleState
from infra.console.visitor import Visitor

T = TypeVar("T")
MOST_KEPT = 40
MOST_ROWS_KEPT = 200_000
"""Of all that are kept; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class FileComparison:
    """What a file came to: rows of its listing, facts (Chinese, English, value), and remarks."""

    kind: str
    name: str
    login: str
    rows: Sequence[Mapping[str, Any]]
    facts: Sequence[tuple[str, str, Any]]
    remarks: Sequence[str] = ()


class FileComparisons:
    """Those of a console, the last ones."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[ConsoleState, dict[str, FileComparison]] = WeakKeyDictionary()

    def keep(self, state: ConsoleState, compared: FileComparison) -> str:
        """Keep one; returns its id."""
        kept = self._kept.setdefault(state, {})
        id_ = secrets.token_urlsafe(9)
        kept[id_] = compared
        while len(kept) > 1 and (
            len(kept) > MOST_KEPT or sum(len(each.rows) for each in kept.values()) > MOST_ROWS_KEPT
        ):
            del kept[next(iter(kept))]
        return id_

    def get(self, state: ConsoleState, visitor: Visitor, kind: str, id_: str) -> FileComparison:
        """One that this login has made. Raises ``NotFound``."""
        found = self._kept.get(state, {}).get(id_)
        if found is None or found.kind != kind or found.login != visitor.login:
            raise NotFound("这次比对不在了（控制台重启后不保留），请重新上传。It is gone: send the file again")
        return found


async def sent_file(sent: UploadFile | None, endings: Sequence[str], read: Callable[[Path], T]) -> tuple[str, T]:
    """A file of a form, read by a function that takes a path; and what it is called.

    Raises ``Unprocessable`` where none was sent, or it is of another kind.
    """
    if sent is None or not sent.filename:
        raise Unprocessable(FieldTrouble("文件", "请选择文件", "choose a file"))
    ending = Path(sent.filename).suffix.lower()
    if ending not in endings:
        raise Unprocessable(FieldTrouble("文件", f"文件名应以 {'、'.join(endings)} 结尾", "another kind of file"))
    content = await sent.read()
    return Path(sent.filename).name, await asyncio.to_thread(_read, content, ending, read)


def _read(content: bytes, ending: str, read: Callable[[Path], T]) -> T:
    with TemporaryDirectory(prefix="claims-sent-") as folder:
        path = Path(folder) / f"file{ending}"
        path.write_bytes(content)
        return read(path)
