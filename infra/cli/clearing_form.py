"""``claims clearing form``: the form of a clearing that its clerks print and sign."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import database_time
from infra.clearing_page.page import page
from infra.cli.arguments import file_of
from infra.cli.clearing_step import run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir
from infra.cli.output import note
from infra.files.atomic import PRIVATE, write_atomically
from processors.clearing import listings


def register(clearing: typer.Typer) -> None:
    """Add the command to ``claims clearing``."""
    clearing.command()(form)


def form(
    clearing_id: Annotated[str, typer.Argument(help="清算单号 clearing_id")],
    out: Annotated[Path, typer.Option("--out", help="输出文件 write to FILE.html")],
    persons: Annotated[bool, typer.Option("--persons", help="列出每个人 list each person, not only their sum")] = False,
    data_dir: DataDir = None,
) -> None:
    """清算表：A4 打印，制表、复核、审批、财务签字。The form of a clearing, to print and sign."""
    file_of(out, (".html",))

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names, datetime]:
        shown = await listings.clearing(engine, clearing_id)
        async with engine.connect() as connection:
            return shown, await names_of(engine), await database_time(connection)

    shown, names, as_of = run_step(data_dir, step)
    write_atomically(out, page(shown, names, as_of, persons=persons).encode(), PRIVATE)
    note(f"已写入 written: {out}（仅本人可读 readable by you alone）")
