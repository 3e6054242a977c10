"""Reads a scheme from YAML text, strictly: every fault is told with file and line."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from policies.scheme import Scheme

SCHEMES = Path(__file__).parent / "schemes"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where it is there: ten times as fast


class SchemeError(ValueError):
    """A scheme that can't be used; ``problems`` are ``file:line: message``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(slots=True)
class _Lines:
    """The line of every key and item, by its path."""

    of: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def at(self, path: Iterable[str | int]) -> int:
        """The line of the longest known part of a path, leaving out what only the validator names."""
        known: tuple[str | int, ...] = ()
        for part in path:
            if (*known, part) in self.of:
                known = (*known, part)
        return self.of.get(known, 1)


def load_text(text: bytes, name: str) -> Scheme:
    """Load a scheme from YAML bytes; ``name`` stands for the file in errors. Raises ``SchemeError``."""
    lines = _Lines()
    try:
        node = yaml.compose(text.decode("utf-8"), Loader=_LOADER)
        value = _plain(node, (), lines, name)
    except UnicodeDecodeError as error:
        raise SchemeError([f"{name}:1: not UTF-8: {error}"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SchemeError([f"{name}:{line}: {error.problem}"]) from None
    except RecursionError:
        raise SchemeError([f"{name}:1: nested too deep, or an alias within what it stands for"]) from None
    except yaml.YAMLError as error:
        raise SchemeError([f"{name}:1: {error}"]) from None
    try:
        scheme = Scheme.model_validate(value)
    except ValidationError as error:
        raise SchemeError(
            sorted(
                {
                    f"{name}:{lines.at(fault['loc'])}: {_path(fault['loc'], lines)}{_message(fault)}"
                    for fault in error.errors()
                }
            )
        ) from None
    problems = [f"{name}:{lines.at(path)}: {_path(path, lines)}{message}" for path, message in scheme.problems()]
    if problems:
        raise SchemeError(problems)
    scheme.pin(hashlib.sha256(text).hexdigest(), text)
    return scheme


def _message(fault: Any) -> str:
    match fault["type"]:
        case "missing":
            return f"`{fault['loc'][-1]}` is missing"
        case "extra_forbidden":
            return "is no key that is known here"
        case "string_pattern_mismatch":
            return f"is not of the form {fault['ctx']['pattern']}"
        case _:
            return str(fault["msg"]).removeprefix("Value error, ")


def load_file(path: Path) -> Scheme:
    """Load a scheme from a file. Raises ``SchemeError``, also where the file can't be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SchemeError([f"{path}: {error.strerror}"]) from None
    return load_text(text, str(path))


def load_directory(directory: Path = SCHEMES) -> list[Scheme]:
    """Load all schemes of a folder; refuses two of one name and two for one region and day."""
    schemes = [load_file(path) for path in sorted(directory.glob("*.yaml"))]
    check_together(schemes)
    return schemes


def check_together(schemes: Sequence[Scheme]) -> None:
    """Raise ``SchemeError`` where two schemes share a name, or claim one region prefix on one day."""
    names: dict[str, Scheme] = {}
    for scheme in schemes:
        if scheme.name in names:
            raise SchemeError([f"two schemes are named {scheme.name}"])
        for other in names.values():
            shared = set(scheme.regions) & set(other.regions)
            if (
                shared
                and scheme.serves(min(shared), max(scheme.valid.from_, other.valid.from_))
                and other.serves(min(shared), max(scheme.valid.from_, other.valid.from_))
            ):
                raise SchemeError([f"{scheme.name} and {other.name} both serve region {min(shared)} at one time"])
        names[scheme.name] = scheme


def _plain(node: yaml.Node | None, path: tuple[str | int, ...], lines: _Lines, name: str) -> Any:
    """Scalars stay text, so that 0.1 and 85% are read exactly; keys may stand once."""
    if node is None:
        return None
    lines.of.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                raise SchemeError([f"{name}:{key_node.start_mark.line + 1}: {key!r} stands twice"])
            lines.of[(*path, key)] = key_node.start_mark.line + 1
            result[key] = _plain(value_node, (*path, key), lines, name)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), lines, name) for index, item in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in ("true", "yes", "on")
    if node.tag == "tag:yaml.org,2002:null":
        return None
    return node.value


def _path(path: Iterable[str | int], lines: _Lines) -> str:
    known: tuple[str | int, ...] = ()
    for part in path:
        if (*known, part) in lines.of:
            known = (*known, part)
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in known).lstrip(".")
    return f"{text}: " if text else ""


def by_hash(schemes: Iterable[Scheme]) -> Mapping[str, Scheme]:
    """Schemes by the hash that claims pin."""
    return {scheme.content_hash: scheme for scheme in schemes}
