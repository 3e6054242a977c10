"""A form of the window: what was typed, read all at once, with what is wrong by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from events.money import yuan
from events.refusals import REASON_NAMES
from infra.console.errors import Unprocessable
from infra.console.form_fields import FormFields

PARTS = ("total", "in_scope", "upfront_copay", "over_limit", "self_funded")
PART_NAMES: Mapping[str, str] = {
    "total": "医疗费总额",
    "in_scope": "政策范围内",
    "upfront_copay": "先行自付",
    "over_limit": "超限价",
    "self_funded": "全自费",
}
Value = TypeVar("Value")


@dataclass(slots=True)
class WindowForm:
    """What was typed, as it was typed, and what is wrong with it by the field's name; ``""`` is the form as a whole.

    ``names`` are the fields' Chinese names, ``field_of_reason`` the field that a refusal's reason is about.
    """

    names: ClassVar[Mapping[str, str]] = {}
    field_of_reason: ClassVar[Mapping[str, str]] = {}

    fields: FormFields
    wrong: dict[str, str] = field(default_factory=dict, kw_only=True)

    def text(self, name: str) -> str:
        """What was typed."""
        return self.fields.raw(name)

    def refused(self, refusal: Mapping[str, str]) -> None:
        """Put the ledger's refusal to its field."""
        reason, detail = refusal["reason"], refusal["detail"]
        told = {name: found.start() for name in self.names if (found := re.search(rf"\b{name}\b", detail))}
        named = min(told, key=lambda name: told[name], default="")
        place = self.field_of_reason.get(reason, named if reason == "malformed" else "")
        said = self._named(refusal["detail_zh"])
        self.wrong[place] = f"{REASON_NAMES.get(reason, reason)}：{said}"  # type: ignore[call-overload]

    def amounts(self) -> dict[str, str]:
        """The five parts of a bill, in yuan; three of them may be left empty."""
        fields = self.fields
        read = {part: self.read(fields.fen, part) if fields.given(part) else self._nothing(part) for part in PARTS}
        parts = [read[part] or 0 for part in PARTS[1:]]
        if not set(PARTS) & self.wrong.keys() and sum(parts) != read["total"]:
            self.wrong["total"] = f"四项之和为 {yuan(sum(parts))} 元，不等于总额"
        return {part: yuan(amount or 0) for part, amount in read.items()}

    def read(self, read: Callable[..., Value], name: str, *more: Any) -> Value | None:
        """A field as a method of ``FormFields`` reads it; None, and what is wrong is kept, where it can't be used."""
        try:
            return read(name, self.names[name], *more)
        except Unprocessable as error:
            self.wrong[name] = "；".join(trouble.chinese for trouble in error.troubles)
            return None

    def maybe(self, read: Callable[..., Value], name: str, *more: Any) -> Value | None:
        """A field that may stay empty."""
        return self.read(read, name, *more) if self.fields.given(name) else None

    def _nothing(self, part: str) -> int:
        if part in ("total", "in_scope"):
            self.wrong[part] = "须填写，没有的写 0"
        return 0

    def _named(self, detail: str) -> str:
        """A refusal's words with the names that the form has."""
        for name, chinese in self.names.items():
            detail = re.sub(rf"\b(data\.)?(bill\.)?{name}\b", f"“{chinese}”", detail, flags=re.ASCII)
        return detail
