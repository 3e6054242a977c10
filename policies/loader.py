"""Reads a scheme from YAML text, strictly: every fault is told with file and line."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from events.money import yuan
from policies.monotony import FallingShare, falls
from policies.sample_claims import TooMany, who
from policies.scheme import Scheme
from policies.soundness import SchemeRemark, findings
from policies.vocabulary import SETTING_NAMES, stated
from policies.yaml_text import MOST_BYTES, Lines, TextError, read

SCHEMES = Path(__file__).parent / "schemes"
KEPT = 64
"""Texts that stay loaded: a text is read, reviewed and pinned to in one process."""
MOST_TOLD = 100
"""Problems of one file; a damaged file has thousands."""


class SchemeError(ValueError):
    """A scheme that can't be used; ``problems`` are ``file:line: message``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def load_text(text: bytes, name: str) -> Scheme:
    """Load a scheme from YAML bytes; ``name`` stands for the file in errors. Raises ``SchemeError``.

    What only ``review`` finds does not keep a text from being loaded: claims may be pinned to it.
    """
    return _load(text, name)[0]


class Review(NamedTuple):
    """A scheme that loads, with what is unsound about it as ``file:line: message``."""

    scheme: Scheme
    refused: list[str]
    warned: list[str]


def review(text: bytes, name: str, known: Scheme | None = None) -> Review:
    """Load a scheme as ``load_text`` does, and say what would cost somebody money. Raises ``SchemeError``.

    What is so already in ``known``, the text in force of the same name, is told and not refused: its year has begun,
    and another track for it would forget what the year has used.
    """
    scheme, lines, found = _reviewed(text, name)
    standing = {finding[:3] for finding in _reviewed(known.text, known.name)[2]} if known is not None else set()
    result = Review(scheme, [], [])
    for finding in found:
        message = f"{finding.chinese}。{finding.english}".format(line=lines.at(finding.beside))
        told = f"{name}:{lines.at(finding.path)}: {_path(finding.path, lines)}{message}"
        refused = finding.refused and finding[:3] not in standing
        (result.refused if refused else result.warned).append(told)
    return result


def falling_shares(text: bytes, name: str) -> Iterator[str]:
    """Of a text that loads the ranges of the bill in which somebody bears less of a larger one, with the case that pays
    the difference as ``file:line: message``. It may be meant so. Raises ``SchemeError``."""
    scheme, lines, _ = _reviewed(text, name)
    try:
        told = falls(scheme)
    except TooMany as error:
        yield f"{name}: {error.chinese} {error.english}"
        return
    for fall in told.found:
        path: tuple[str | int, ...] = ("stages", fall.case[0], "cases", fall.case[1])
        yield f"{name}:{lines.at(path)}: {_path(path, lines)}{_told(scheme, fall)}"
    if told.tried < told.of:
        yield f"{name}: 只试了 {told.of} 种中的 {told.tried} 种 {told.tried} of {told.of} kinds of claims were tried"


def _told(scheme: Scheme, fall: FallingShare) -> str:
    setting = fall.sample.claim.setting
    size, share, at, least = map(yuan, (fall.size, fall.share, fall.at, fall.least))
    back, back_en = "不再恢复", "never so much again"
    if fall.until is not None:
        back, back_en = f"至 {yuan(fall.until)} 元才恢复", f"so much again from {yuan(fall.until)} on"
    return (
        f"费用由 {size} 元增到 {at} 元（全在政策范围内），个人负担由 {share} 元降到 {least} 元，{back}"
        f"（{SETTING_NAMES[setting]} {setting}，{who(scheme, fall.sample, by_values=True)}）。"
        f"Of {at} in scope the person bears {least}, of {size} more: {share}, and {back_en}. "
        "A slip, unless the law means it"
    )


def _reviewed(text: bytes, name: str) -> tuple[Scheme, Lines, tuple[SchemeRemark, ...]]:
    scheme, lines = _load(text, name)
    return scheme, lines, _findings(text)


@lru_cache(maxsize=KEPT)
def _findings(text: bytes) -> tuple[SchemeRemark, ...]:
    return tuple(findings(_loaded(text)[0]))


def _load(text: bytes, name: str) -> tuple[Scheme, Lines]:
    try:
        return _loaded(text)
    except _Faults as faults:
        raise SchemeError(_first([f"{name}:{fault}" for fault in faults.args])) from None


class _Faults(Exception):
    """What keeps a text from being loaded, each as ``line: message``."""


@lru_cache(maxsize=KEPT)
def _loaded(text: bytes) -> tuple[Scheme, Lines]:
    """By the text alone: what the program brings along and what was adopted of it are one text under two names."""
    try:
        value, lines = read(text)
    except TextError as error:
        raise _Faults(f"{error.line}: {error}") from None
    try:
        scheme = Scheme.model_validate(value, context=stated(value))
    except ValidationError as error:
        faults = {
            f"{lines.at(fault['loc'])}: {_path(fault['loc'], lines)}{_message(fault)}" for fault in error.errors()
        }
        raise _Faults(*sorted(faults)) from None
    problems = (f"{lines.at(path)}: {_path(path, lines)}{message}" for path, message in scheme.problems())
    told = list(islice(problems, MOST_TOLD + 1))
    if told:
        raise _Faults(*told)
    scheme.pin(hashlib.sha256(text).hexdigest(), text)
    return scheme, lines


def _first(problems: list[str]) -> list[str]:
    if len(problems) <= MOST_TOLD:
        return problems
    return [*problems[:MOST_TOLD], f"只列出前 {MOST_TOLD} 项 there are more: the first {MOST_TOLD} are told"]


def _message(fault: Any) -> str:
    match fault["type"]:
        case "missing":
            return f"缺少 `{fault['loc'][-1]}` is missing"
        case "extra_forbidden":
            return "此处没有这一项 is no key that is known here"
        case "string_pattern_mismatch":
            return f"格式不对 is not of the form {fault['ctx']['pattern']}"
        case "model_type":
            return "须为若干项 `键: 值` is no mapping of keys to values"
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case _:
            return f"不可用 {fault['msg']}"


def load_file(path: Path) -> Scheme:
    """Load a scheme from a file. Raises ``SchemeError``, also where the file can't be read."""
    return load_text(scheme_bytes(path), str(path))


def scheme_bytes(path: Path) -> bytes:
    """The bytes of a scheme's file, of a file that is too large only so much as shows that it is. Raises
    ``SchemeError``."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SchemeError([f"{path}: 无法读取 can't be read: {error.strerror}"]) from None


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
            raise SchemeError([f"两项政策同名 two schemes are named {scheme.name}"])
        for other in names.values():
            shared = set(scheme.regions) & set(other.regions)
            if (
                shared
                and set(scheme.insurance_types) & set(other.insurance_types)
                and scheme.serves(min(shared), max(scheme.valid.from_, other.valid.from_))
                and other.serves(min(shared), max(scheme.valid.from_, other.valid.from_))
            ):
                raise SchemeError(
                    [f"同一时间有两项政策 {scheme.name} and {other.name} both serve region {min(shared)} at one time"]
                )
            _check_terms(scheme, other)
        names[scheme.name] = scheme


def _check_terms(scheme: Scheme, other: Scheme) -> None:
    """Raise ``SchemeError`` where one code means two things: it stands on statements and reports without its scheme."""
    others = {(kind, code): term for kind, code, term in other.vocabulary.terms()}
    for kind, code, term in scheme.vocabulary.terms():
        if others.get((kind, code), term) != term:
            raise SchemeError(
                [f"{scheme.name}: {kind} {code}：{other.name} 已另作解释 {other.name} means something else by it"]
            )


def _path(path: Iterable[str | int], lines: Lines) -> str:
    known = lines.known(path)
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in known).lstrip(".")
    return f"{text}: " if text else ""


def by_hash(schemes: Iterable[Scheme]) -> Mapping[str, Scheme]:
    """Schemes by the hash that claims pin."""
    return {scheme.content_hash: scheme for scheme in schemes}
