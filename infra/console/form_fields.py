"""What was typed into a form, read as ids, words, days and amounts; a field that can't be used is named."""

from collections.abc import Callable, Collection
from datetime import date
from typing import TypeVar

from fastapi import Request

from events.codes import is_id, is_region
from events.money import parse_yuan
from events.national_ids import NationalIdGivenError, refuse_national_ids
from infra.console.errors import FieldTrouble, Unprocessable

MOST_WORDS = 500
Value = TypeVar("Value")


class FormFields:
    """The fields of a form, each as text without blanks around it; a file that was sent is none of them."""

    def __init__(self, texts: dict[str, list[str]]) -> None:
        self._texts = texts

    @classmethod
    async def of(cls, request: Request) -> "FormFields":
        """Those of a request."""
        form = await request.form()
        texts: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str) and value.strip():
                texts.setdefault(name, []).append(value.strip())
        return cls(texts)

    def given(self, name: str) -> bool:
        """Whether something stands in a field."""
        return name in self._texts

    def raw(self, name: str) -> str:
        """What stands in a field, or nothing."""
        return self._texts.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of a field that may be ticked several times."""
        return self._texts.get(name, [])

    def maybe(self, read: Callable[[str, str], Value], name: str, chinese: str) -> Value | None:
        """A field that may stay empty, as ``read`` (a method of this class) reads it."""
        return read(name, chinese) if self.given(name) else None

    def id(self, name: str, chinese: str) -> str:
        """An id. Raises ``Unprocessable``."""
        return _id(self.raw(name), chinese)

    def ids(self, name: str, chinese: str) -> tuple[str, ...]:
        """Ids that stand one beside the other. Raises ``Unprocessable``."""
        texts = " ".join(self.all(name)).replace("、", " ").replace("，", " ").replace(",", " ").replace("；", " ")
        return tuple(dict.fromkeys(_id(each, chinese) for each in texts.split()))

    def words(self, name: str, chinese: str) -> str:
        """A reference or a reason: 1 to 500 printable characters. Raises ``Unprocessable``."""
        words = " ".join(self.raw(name).split())
        _refuse_national_id(words, chinese)
        if not words or len(words) > MOST_WORDS or not words.isprintable():
            raise unusable(chinese, "须填写，最多500个字", "1 to 500 printable characters are wanted")
        return words

    def region(self, name: str, chinese: str) -> str:
        """A region's code. Raises ``Unprocessable``."""
        return region_of(self.raw(name), chinese)

    def day(self, name: str, chinese: str) -> date:
        """A day. Raises ``Unprocessable``."""
        return day_of(self.raw(name), chinese)

    def fen(self, name: str, chinese: str) -> int:
        """Fen of an amount in yuan. Raises ``Unprocessable``."""
        return fen_of(self.raw(name), chinese)

    def choice(self, name: str, chinese: str, choices: Collection[str]) -> str:
        """One of some codes. Raises ``Unprocessable``."""
        text = self.raw(name)
        if text not in choices:
            raise unusable(chinese, f"没有“{text}”这一项，可用的有 {'、'.join(choices)}", "choose one of these")
        return text


def region_of(text: str, chinese: str) -> str:
    """A region's code. Raises ``Unprocessable``."""
    if not is_region(text):
        raise unusable(chinese, f"“{text}”不是统筹区代码，应为六位数字，如 360923", "a code of six digits")
    return text


def day_of(text: str, chinese: str) -> date:
    """A day. Raises ``Unprocessable``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise unusable(chinese, f"“{text}”不是日期，应写成 2019-03-31", "write 2019-03-31") from None


def fen_of(text: str, chinese: str) -> int:
    """Fen of an amount in yuan. Raises ``Unprocessable``."""
    try:
        return parse_yuan(text.replace(",", ""))
    except ValueError:
        raise unusable(
            chinese, f"“{text}”不是金额，应以元为单位，最多两位小数，如 1234.50", "yuan, two decimals"
        ) from None


def _id(text: str, chinese: str) -> str:
    _refuse_national_id(text, chinese)
    if not is_id(text):
        raise unusable(chinese, f"“{text}”不是编号，编号为1至128个字母、数字、- 或 _", "an id is wanted")
    return text


def _refuse_national_id(text: str, chinese: str) -> None:
    try:
        refuse_national_ids({"text": text})
    except NationalIdGivenError:
        raise unusable(chinese, "不得写身份证号", "must not hold a national id") from None


def unusable(field: str, chinese: str, english: str) -> Unprocessable:
    """What is wrong with a field of a form, for who filled it in."""
    return Unprocessable(FieldTrouble(field, chinese, english))
