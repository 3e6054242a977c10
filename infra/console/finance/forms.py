"""Steps as forms: what is asked, and where it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class StepField:
    """A field; one with ``choices`` is chosen from them."""

    name: str
    chinese: str
    english: str
    type: Literal["text", "date", "file", "words"] = "text"
    choices: Mapping[str, str] | None = None
    required: bool = True
    value: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StepForm:
    """A step; the person who takes it is asked for where several work under a login.

    ``first`` is who took the step before, where another person takes this one.
    """

    action: str
    chinese: str
    english: str
    fields: Sequence[StepField] = ()
    danger: bool = False
    note: str = ""
    first: str | None = None

    @property
    def files(self) -> bool:
        """Whether a file is sent with it."""
        return any(field.type == "file" for field in self.fields)


REASON = StepField("reason", "原因", "reason", "words")
REFERENCE = StepField("reference", "凭证号", "reference")
MISTAKEN = StepField("reference", "误登的凭证号", "reference noted by mistake")


def amount_field(chinese: str = "金额（元）", *, required: bool = True, hint: str = "", value: str = "") -> StepField:
    """An amount in yuan."""
    return StepField("amount", chinese, "yuan", required=required, hint=hint, value=value)
