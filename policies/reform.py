"""A reform as a file: what a county asks "what would it have cost?" about, as changes to a scheme's text or a whole
text."""

from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from policies.values import Day
from policies.yaml_text import MOST_BYTES, Lines, TextError, read

MOST_CHANGES = 200
LONGEST_NAME = 4_000
"""Characters of where a value stands or whom it is for; a grant for 30 diseases has 400."""


class ReformError(ValueError):
    """A reform that can't be used: ``problems`` are ``file:line: message``."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)  # as it is made anew from where another process ends on it
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


def _whom(value: object) -> object:
    """``for`` as a text prints it; a list is joined as it would be printed, and what is for everybody has none."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = "、".join(value)
    return "" if value == "general" else value


class Change(BaseModel):
    """One value that a reform changes.

    ``where``, ``name`` and ``for`` are those that ``claims schemes show NAME --json`` prints. ``value`` is written as a
    scheme's text writes it. It holds ``from`` a day ``until`` another (exclusive), and as long as what it changes
    without them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    where: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    for_: Annotated[str, BeforeValidator(_whom), Field(alias="for", max_length=LONGEST_NAME)] = ""
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    value: Any
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("value")
    @classmethod
    def _stated(cls, value: object) -> object:
        if value is None or value == "":
            raise ValueError("未填写值 no value is given; where there shall be no limit write none")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "Change":
        if self.from_ and self.until and self.from_ >= self.until:
            raise ValueError("止日应在起日之后 `until` must lie after `from`")
        return self

    @property
    def begins(self) -> date:
        """The first day on which the value holds."""
        return self.from_ or date.min

    @property
    def ends(self) -> date:
        """The first day on which it holds no more."""
        return self.until or date.max


class Reform(BaseModel):
    """A reform: what it is called, the text that it starts from, and its changes, or a whole text instead.

    ``scheme`` is a scheme's name, then each claim keeps the text that it is pinned to, with the changes; or the hash of
    a text, then all claims of the scheme's name are settled under that text with the changes. No changes are the
    identity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    scheme: Annotated[str, Field(min_length=1, max_length=64)]
    changes: Annotated[tuple[Change, ...], Field(max_length=MOST_CHANGES)] = ()
    text: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Reform":
        if self.text is not None and self.changes:
            raise ValueError("changes 与 text 只能有一个 a reform has changes or a whole text, not both")
        return self


class ReformFile(NamedTuple):
    """A reform with the lines of its file, for what is found wrong with it later."""

    reform: Reform
    file: str
    lines: Lines

    def at(self, change: int) -> str:
        """Where a change stands, as ``file:line``."""
        return f"{self.file}:{self.lines.at(('changes', change))}"


def read_reform(text: bytes, file: str) -> ReformFile:
    """Read a reform from YAML, or from a whole scheme's text; ``file`` stands for it in errors. Raises
    ``ReformError``."""
    plain, lines = read_mapping(text, file)
    if "stages" in plain:
        named = str(plain.get("name", ""))
        plain = {"name": named, "scheme": named, "text": text.decode()}
    return reform_of(plain, file, lines)


def read_mapping(text: bytes, file: str) -> tuple[dict[str, Any], Lines]:
    """The keys of a reform's file, with their lines. Raises ``ReformError``."""
    if len(text) > MOST_BYTES:
        raise ReformError([f"{file}:1: 文件过大 the file is too large: at most {MOST_BYTES} bytes are read"])
    try:
        plain, lines = read(text)
    except TextError as error:
        raise ReformError([f"{file}:{error.line}: {error}"]) from None
    if not isinstance(plain, dict):
        raise ReformError(
            [f"{file}:1: 应为键值表：name、scheme、changes a mapping of name, scheme and changes is expected"]
        )
    return plain, lines


def reform_of(plain: dict[str, Any], file: str, lines: Lines) -> ReformFile:
    """A reform of the keys of its file. Raises ``ReformError``."""
    try:
        return ReformFile(Reform.model_validate(plain), file, lines)
    except ValidationError as error:
        raise ReformError(told_faults(error, lines, file)) from None


def told_faults(error: ValidationError, lines: Lines, file: str, within: tuple[str, ...] = ()) -> list[str]:
    """What is wrong in a file, or ``within`` what stands under some keys of it, each with its line and place."""
    faults = [((*within, *fault["loc"]), _message(fault)) for fault in error.errors()]
    return [f"{file}:{lines.at(location)}: {_path(location)}{message}" for location, message in faults]


_KNOWN = {"missing": "缺少这一项 is missing", "extra_forbidden": "没有这一项 there is no such key"}


def _message(fault: Any) -> str:
    known = _KNOWN.get(fault["type"])
    said = str(fault["msg"])
    return (
        known or said.removeprefix("Value error, ") if known or fault["type"] == "value_error" else f"不可用 {said}"
    )[:300]


def _path(location: tuple[str | int, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{path}: " if path else ""
