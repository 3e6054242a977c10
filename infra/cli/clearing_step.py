"""What the commands of clearing share: how a step is run, and what it prints."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import file_of
from infra.cli.options import settings_of
from infra.cli.output import fail, print_json, stdout
from infra.cli.row_output import ENDINGS
from infra.cli.session import reading, run
from processors.clearing.journal import InvalidClearingEvent
from processors.clearing.movements import Movement
from processors.offices.refusal import StepRefused

T = TypeVar("T")
Reason = Annotated[str, typer.Option("--reason", help="原因 why")]
MistakenReference = Annotated[str, typer.Option("--reference", help="误登的凭证号 reference that was noted by mistake")]


def run_step(data_dir: Path | None, step: Callable[[AsyncEngine], Awaitable[T]], out: Path | None = None) -> T:
    """Run a step on the ledger. Where the books do not allow it, print why and exit with 2.

    ``out`` is the file that will be written: a name that says no format is refused before anything is done.
    """
    if out is not None:
        file_of(out, ENDINGS)
    done: list[T] = []

    async def main() -> int:
        async with reading(settings_of(data_dir), "clearing") as engine:
            try:
                done.append(await step(engine))
            except (StepRefused, InvalidClearingEvent) as refused:
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


def reversed_fields(mistaken: Movement) -> dict[str, Any]:
    """What was taken back, for people and programs, money in yuan."""
    return {
        "entry": mistaken.entry,
        "payee_kind": mistaken.payee_kind,
        "payee": mistaken.payee,
        "amount": yuan(mistaken.amount),
        "reference": mistaken.reference,
        "noted_by": mistaken.operator.actor,
    }


def print_reversal(done: Mapping[str, Any], *, json: bool) -> None:
    """Print what was taken back."""
    what = f"{done['payee']} {done['amount']} 元 yuan，凭证号 reference {done['reference'] or '—'}"
    print_result(done, f"已撤销 taken back: {what}，原登记人 noted by {done['noted_by']}", json=json)
