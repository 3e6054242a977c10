"""What a session holds between two steps, such as an uploaded list between its preview and its import.

It is in memory alone, and goes with its session: what people upload is stored nowhere.
"""

import secrets
from typing import TypeVar
from weakref import WeakKeyDictionary

from infra.console.errors import NotFound, PayloadTooLarge
from infra.console.visitor import Visitor

MOST_HELD = 6
"""Things that a session holds; the oldest goes first."""
MOST_BYTES = 96 * 1024 * 1024
"""Of all that a session holds."""
Content = TypeVar("Content")
_held: WeakKeyDictionary[Visitor, dict[str, tuple[int, object]]] = WeakKeyDictionary()


def hold(visitor: Visitor, content: object, size: int) -> str:
    """Hold something of ``size`` bytes; returns the token by which it is found again. Raises ``PayloadTooLarge``."""
    if size > MOST_BYTES:
        raise PayloadTooLarge(f"文件过大，最多 {MOST_BYTES // 2**20} MB。It is too large to be held")
    ours = _held.setdefault(visitor, {})
    while len(ours) >= MOST_HELD or sum(taken for taken, _ in ours.values()) + size > MOST_BYTES:
        del ours[next(iter(ours))]
    token = secrets.token_urlsafe(16)
    ours[token] = (size, content)
    return token


def held(visitor: Visitor, token: str, kind: type[Content]) -> Content:
    """What this session holds under a token. Raises ``NotFound``."""
    _, content = _held.get(visitor, {}).get(token, (0, None))
    if not isinstance(content, kind):
        raise NotFound("已不再保留，请重新上传或填写。It is held no longer: upload or fill it in again")
    return content


def let_go(visitor: Visitor, token: str) -> None:
    """Hold something no longer."""
    _held.get(visitor, {}).pop(token, None)
