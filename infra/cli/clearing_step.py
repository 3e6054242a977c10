"""What the commands of clearing share: a step on the books, who takes it, and how it is told."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import is_id
from events.money import parse_yuan
from infra.cli.options import settings_of
from infra.cli.output import fail, print_json, stdout
from infra.cli.session import reading, run
from processors.clearing.journal import Unfounded
from processors.clearing.refusal import ClearingRefused

Actor = Annotated[str, typer.Option("--actor", help="经办人编号 id of who does it")]

T = TypeVar("T")


def take(data_dir: Path | None, step: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Take a step on the ledger; where the books don't allow it, say so and exit with 2."""
    done: list[T] = []

    async def main() -> int:
        async with reading(settings_of(data_dir), "clearing") as engine:
            try:
                done.append(await step(engine))
            except (ClearingRefused, Unfounded) as refused:
                fail(str(refused))
                return 2
        return 0

    code = run(main)
    if code:
        sys.exit(code)
    return done[0]


def tell(done: Mapping[str, Any], message: str, *, json: bool) -> None:
    """Print what was done: one object, or a line for people."""
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
    """A reference or reason, without blanks around it. Raises ``typer.BadParameter``."""
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
