"""What the commands of clearing share: how a step is run, what it prints, and how its arguments are read."""

import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import is_id
from events.money import parse_yuan
from infra.cli.options import settings_of
from infra.cli.output import fail, print_json, stdout
from infra.cli.session import reading, run
from processors.clearing.journal import InvalidClearingEvent
from processors.clearing.refusal import ClearingRefused

Actor = Annotated[str, typer.Option("--actor", help="经办人编号 id of who does it")]

T = TypeVar("T")


def run_step(data_dir: Path | None, step: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Run a step on the ledger. Where the books do not allow it, print why and exit with 2."""
    done: list[T] = []

    async def main() -> int:
        async with reading(settings_of(data_dir), "clearing") as engine:
            try:
                done.append(await step(engine))
            except (ClearingRefused, InvalidClearingEvent) as refused:
                fail(str(refused))
                return 2
        return 0

    code = run(main)
    if code:
        sys.exit(code)
    return done[0]


def print_result(done: Mapping[str, Any], message: str, *, json: bool) -> None:
    """Print what was done: one JSON object, or a line for people."""
    if json:
        print_json([done])
    else:
        stdout.print(message, highlight=False, soft_wrap=True)


def actor_of(text: str) -> str:
    """The id of who takes a step. Raises ``typer.BadParameter``."""
    if not is_id(text):
        raise typer.BadParameter("an id is wanted: 1 to 128 letters, digits, - or _", param_hint="--actor")
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
