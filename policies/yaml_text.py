"""Reads YAML text into plain values with the line of each, within bounds on size, nesting and aliases."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.reader import Reader, ReaderError

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
"""Keys, items and values, each alias counted as all that it stands for; the largest built-in scheme has 1,200."""
DEEPEST = 20
"""Levels of nesting, aliases followed; a scheme needs 9."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where it is there: ten times as fast

Path = tuple[str | int, ...]


class TextError(ValueError):
    """A text that can't be read; ``line`` is where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Lines:
    """The line of every key and item, by its path."""

    of: dict[Path, int] = field(default_factory=dict)

    def known(self, path: Iterable[str | int]) -> Path:
        """The longest known part of a path, leaving out what only the validator names."""
        known: Path = ()
        for part in path:
            if (*known, part) in self.of:
                known = (*known, part)
        return known

    def at(self, path: Iterable[str | int]) -> int:
        """The line of the longest known part of a path."""
        return self.of.get(self.known(path), 1)


def read(text: bytes) -> tuple[Any, Lines]:
    """The text's value and the line of each part of it. Raises ``TextError``.

    Scalars stay text, so that 0.1 and 85% are read exactly; a key may stand once. What is beyond the bounds is refused
    before memory is taken for it: a few aliases of aliases stand for more than any memory holds, and deep nesting
    overruns the parser's stack.
    """
    if len(text) > MOST_BYTES:
        raise TextError(1, f"文件过大 the file is too large: at most {MOST_BYTES} bytes are read")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TextError(1, f"不是 UTF-8 编码 not UTF-8: {error}") from None
    try:
        _check_depth(decoded)
        reader = _Reader()
        return reader.plain(yaml.compose(decoded, Loader=_LOADER), ()), reader.lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TextError(line, f"YAML 写法有误 the YAML can't be read: {error.problem}") from None
    except ReaderError:
        found = Reader.NON_PRINTABLE.search(decoded)  # the C parser counts bytes
        line = decoded.count("\n", 0, found.start()) + 1 if found else 1
        raise TextError(line, "有控制字符 a control character stands here") from None
    except yaml.YAMLError as error:
        raise TextError(1, f"YAML 写法有误 the YAML can't be read: {error}") from None


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                mark = event.start_mark
                raise TextError(mark.line + 1 if mark else 1, _TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


_TOO_DEEP = f"嵌套过深 nested deeper than {DEEPEST} levels, or an alias within what it stands for"


class _Reader:
    """Makes plain values of nodes, and counts them."""

    def __init__(self) -> None:
        self.lines = Lines()
        self._values = 0

    def plain(self, node: yaml.Node | None, path: Path) -> Any:
        if node is None:
            return None
        line = node.start_mark.line + 1
        self._count(path)
        if len(path) > DEEPEST:
            raise TextError(self._line_of(path), _TOO_DEEP)
        self.lines.of.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:bool":
            return node.value.lower() in ("true", "yes", "on")
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            self._count(path)
            if not isinstance(key_node, yaml.ScalarNode):
                raise TextError(line, "键须为文字 a key is a word, no list or mapping")
            key = key_node.value
            if key in result:
                raise TextError(line, f"{key!r} 重复 stands twice")
            self.lines.of[(*path, key)] = line
            result[key] = self.plain(value_node, (*path, key))
        return result

    def _count(self, path: Path) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise TextError(
                self._line_of(path), f"内容过多 more than {MOST_VALUES} values, aliases counted as what they stand for"
            )

    def _line_of(self, path: Path) -> int:
        """The line of the file's own key that a place belongs to: what an alias stands for has the anchor's line."""
        return self.lines.of.get(path[:1], 1)
