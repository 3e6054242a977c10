"""Arguments that several commands take, and how they are read."""

import re
from datetime import date
from typing import Annotated

import typer

from events.codes import is_id, is_region
from events.money import parse_yuan

Actor = Annotated[str, typer.Option("--actor", help="经办人编号 id of who does it")]


def actor_of(text: str) -> str:
    """The id of who takes a step. Raises ``typer.BadParameter``."""
    if not is_id(text):
        raise typer.BadParameter("an id is wanted: 1 to 128 letters, digits, - or _", param_hint="--actor")
    return text


def region_of(text: str) -> str:
    """A region's code. Raises ``typer.BadParameter``."""
    if not is_region(text):
        raise typer.BadParameter("six digits, the first not 0, are wanted", param_hint="--region")
    return text


def words_of(text: str, option: str) -> str:
    """A reference or a reason, without blanks around it. Raises ``typer.BadParameter``."""
    words = text.strip()
    if not words or len(words) > 500 or not words.isprintable():
        raise typer.BadParameter("1 to 500 printable characters are wanted", param_hint=option)
    return words


def amount_of(text: str) -> int:
    """Fen of an amount in yuan. Raises ``typer.BadParameter``."""
    try:
        return parse_yuan(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from None


def month_of(text: str) -> date:
    """The first day of a month given as 2019-03."""
    if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text) is None:
        raise typer.BadParameter(f"{text} is no month: write 2019-03", param_hint="--month")
    return date.fromisoformat(f"{text}-01")
