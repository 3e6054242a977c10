"""Arguments that several commands take, and how they are read."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from events.codes import is_id, is_region
from events.money import parse_yuan
from events.national_ids import NationalIdGivenError, refuse_national_ids
from policies.vocabulary import Term

Actor = Annotated[str, typer.Option("--actor", help="经办人编号 id of who does it")]


def unusable(chinese: str, english: str, option: str) -> typer.BadParameter:
    """What to raise for an argument that can't be used; both texts say what is allowed."""
    return typer.BadParameter(f"{chinese}。{english}", param_hint=option)


def listed(names: Iterable[object]) -> str:
    """What is allowed, for the end of a message."""
    return "、".join(map(str, names)) or "（无 none）"


def _refuse_national_id(text: str, option: str) -> None:
    try:
        refuse_national_ids({option: text})
    except NationalIdGivenError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def actor_of(text: str) -> str:
    """The id of who takes a step. Raises ``typer.BadParameter``."""
    return id_of(text, "--actor")


def id_of(text: str, option: str) -> str:
    """An id. Raises ``typer.BadParameter``."""
    _refuse_national_id(text, option)
    if not is_id(text):
        raise unusable(
            f"“{text}”不是编号，编号为1至128个字母、数字、- 或 _",
            "An id is wanted: 1 to 128 letters, digits, - or _",
            option,
        )
    return text


def region_of(text: str, option: str = "--region") -> str:
    """A region's code. Raises ``typer.BadParameter``."""
    if not is_region(text):
        raise unusable(
            f"“{text}”不是统筹区代码，应为六位数字，如 360923（上高县）",
            "A GB/T 2260 code of six digits, the first not 0, is wanted",
            option,
        )
    return text


def words_of(text: str, option: str) -> str:
    """A reference or a reason, without blanks around it. Raises ``typer.BadParameter``."""
    _refuse_national_id(text, option)
    words = text.strip()
    if not words or len(words) > 500 or not words.isprintable():
        raise unusable("应为1至500个可见字符，不能为空，不能有换行", "1 to 500 printable characters are wanted", option)
    return words


def amount_of(text: str, option: str = "--amount") -> int:
    """Fen of an amount in yuan. Raises ``typer.BadParameter``."""
    try:
        return parse_yuan(text)
    except ValueError as error:
        raise unusable(f"“{text}”不是金额，应以元为单位，最多两位小数，如 1234.50", str(error), option) from None


def month_of(text: str, option: str = "--month") -> date:
    """The first day of a month given as 2019-03. Raises ``typer.BadParameter``."""
    if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text) is None:
        raise unusable(f"“{text}”不是月份，应写成 2019-03", f"{text} is no month: write 2019-03", option)
    return date.fromisoformat(f"{text}-01")


def day_of(text: str, option: str) -> date:
    """A day given as 2019-03-31. Raises ``typer.BadParameter``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise unusable(f"“{text}”不是日期，应写成 2019-03-31", f"{text} is no day: write 2019-03-31", option) from None


def unknown_fund(fund: str, known: Mapping[str, Term]) -> str | None:
    """Why a code names no fund of the ledger, with those that it knows; None where it is one."""
    if fund in known:
        return None
    there = "、".join(f"{term.name} {code}" for code, term in known.items())
    return f"没有基金 {fund}，可用的有 {there}。{fund} is no fund: those are all"


def file_of(path: Path, endings: Collection[str], option: str = "--out") -> Path:
    """A file to write, whose name says its format. Raises ``typer.BadParameter``."""
    if path.suffix.lower() not in endings:
        names = listed(f"*{ending}" for ending in endings)
        raise unusable(f"{path}：文件名应以 {names} 结尾", f"Name the file {names}", option)
    if not path.resolve().parent.is_dir():
        raise unusable(f"没有目录 {path.parent}", f"There is no folder {path.parent}", option)
    return path
