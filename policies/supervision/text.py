"""A supervision text: the dated parameters of rules, warnings, scorecards, withheld money and deadlines.

What a text does not state holds as in the built-in text: a county that changes one value states that one alone.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from events.codes import CODE_PATTERN, covers, is_region
from policies.supervision.deadlines import CaseDeadlines
from policies.supervision.peer_rules import PeerRules
from policies.supervision.person_rules import PersonRules
from policies.supervision.scorecard import ScorecardTerms
from policies.supervision.values import CitedSection
from policies.supervision.warning import WarningLines
from policies.supervision.withheld_share import WithholdingTerms
from policies.values import Day, Strict
from policies.yaml_text import MOST_BYTES, Lines, TextError, read

BUILT_IN = Path(__file__).parent / "default.yaml"


class SupervisionTextError(ValueError):
    """A supervision text that can't be used; ``problems`` are ``file:line: message``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class SupervisionRules(PersonRules, PeerRules):
    """Section ``rules``: by rule's code what it states."""


class SupervisionText(Strict):
    """A whole text. ``regions`` are those that it is for, a prefecture's or province's with their counties; empty: all.

    ``in_force_from`` is the first day of service for which it holds. ``version`` rises from text to text of a name.
    """

    name: Annotated[str, Field(pattern=CODE_PATTERN)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    title_en: Annotated[str, Field(min_length=1, max_length=200)]
    document: Annotated[str, Field(min_length=1, max_length=200)]
    regions: tuple[str, ...]
    in_force_from: Day
    version: Annotated[int, Field(ge=1)]
    rules: SupervisionRules
    deadlines: CaseDeadlines
    warning: WarningLines
    scorecard: ScorecardTerms
    withholding: WithholdingTerms

    _hash: str = PrivateAttr(default="")
    _text: bytes = PrivateAttr(default=b"")

    @field_validator("regions")
    @classmethod
    def _are_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [region for region in regions if not is_region(region)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} 不是统筹区代码 is no region: six digits, the first not 0")
        return regions

    @property
    def content_hash(self) -> str:
        """sha256 of the text's bytes, hex."""
        return self._hash

    @property
    def text(self) -> bytes:
        """The bytes as they were adopted."""
        return self._text

    def pin(self, content_hash: str, text: bytes) -> None:
        """Remember the bytes that it was read from."""
        self._hash, self._text = content_hash, text

    def fit(self, region: str) -> int:
        """How closely the text names a region: digits of the code that does, 1 for a text for all, 0 for none."""
        if not self.regions:
            return 1
        return max((_digits(code) for code in self.regions if covers(code, region)), default=0)


def _digits(code: str) -> int:
    while code.endswith("00"):
        code = code[:-2]
    return len(code)


def load_supervision(text: bytes, name: str) -> SupervisionText:
    """Load a text from YAML bytes; ``name`` stands for the file in errors. Raises ``SupervisionTextError``."""
    value, lines = _read(text, name)
    merged = _over(_built_in_value(), value) if isinstance(value, dict) else value
    return _validated(merged, lines, text, name)


@cache
def built_in() -> SupervisionText:
    """The text that holds where nothing is adopted."""
    text = BUILT_IN.read_bytes()
    value, lines = _read(text, BUILT_IN.name)
    return _validated(value, lines, text, BUILT_IN.name)


def _validated(value: Any, lines: Lines, text: bytes, name: str) -> SupervisionText:
    try:
        found = SupervisionText.model_validate(value)
    except ValidationError as error:
        raise SupervisionTextError(
            sorted(
                {f"{name}:{lines.at(fault['loc'])}: {_where(fault['loc'])}{_said(fault)}" for fault in error.errors()}
            )
        ) from None
    found.pin(hashlib.sha256(text).hexdigest(), text)
    return found


def _read(text: bytes, name: str) -> tuple[Any, Lines]:
    if len(text) > MOST_BYTES:
        raise SupervisionTextError([f"{name}:1: 文件过大 the file is too large"])
    try:
        return read(text)
    except TextError as error:
        raise SupervisionTextError([f"{name}:{error.line}: {error}"]) from None


@cache
def _built_in_value() -> Mapping[str, Any]:
    value, _ = _read(BUILT_IN.read_bytes(), BUILT_IN.name)
    sections: Mapping[str, Any] = {key: part for key, part in value.items() if isinstance(part, dict)}
    return sections


CITED = frozenset({"value", "grade", "cite"})
"""A cited value is replaced whole: a value must not keep the source of another."""


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """What ``above`` states over what ``below`` does, section by section."""
    merged = dict(below)
    for key, value in above.items():
        known = below.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and not known.keys() & CITED:
            merged[key] = _over(known, value)
        else:
            merged[key] = value
    return merged


def _where(location: Sequence[str | int]) -> str:
    path = ".".join(map(str, location))
    return f"{path}: " if path else ""


def _said(fault: Any) -> str:
    match fault["type"]:
        case "missing":
            return f"缺少 `{fault['loc'][-1]}` is missing"
        case "extra_forbidden":
            return "此处没有这一项 is no key that is known here"
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case _:
            return f"不可用 {fault['msg']}"


class SupervisionHistory:
    """The adopted texts, and which of them holds for a day of service and a region."""

    def __init__(self, adopted: Iterable[SupervisionText] = ()) -> None:
        """``adopted`` in the order of adoption."""
        self.adopted = tuple(adopted)
        self._found: dict[tuple[date, str], SupervisionText] = {}

    def in_force(self, day: date, region: str) -> SupervisionText:
        """The text that holds: the one that names the region most closely, of those the last in force and adopted.

        The built-in text where none does.
        """
        if not self.adopted:
            return built_in()
        key = (day, region)
        if key not in self._found:
            self._found[key] = self._look_up(day, region)
        return self._found[key]

    def _look_up(self, day: date, region: str) -> SupervisionText:
        fitting = [
            (text.fit(region), text.in_force_from, number, text)
            for number, text in enumerate(self.adopted)
            if text.in_force_from <= day and text.fit(region)
        ]
        return max(fitting, key=lambda found: found[:3])[3] if fitting else built_in()

    @property
    def digest(self) -> str:
        """What tells whether the texts are the same as before."""
        texts = [built_in(), *self.adopted]
        return hashlib.sha256(" ".join(text.content_hash for text in texts).encode()).hexdigest()


def cited_sections(text: SupervisionText) -> list[tuple[str, str, CitedSection]]:
    """A text's values: section, item within it (empty where it has none), and what is cited."""
    found = []
    for section in type(text).model_fields:
        held = getattr(text, section)
        if isinstance(held, CitedSection):
            found.append((section, "", held))
        for item in getattr(type(held), "model_fields", {}):
            part = getattr(held, item)
            if isinstance(part, CitedSection):
                found.append((section, item, part))
    return found
