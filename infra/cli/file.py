"""``claims file``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.arguments import file_of
from infra.cli.looks import looked
from infra.cli.options import DataDir, settings_of
from infra.cli.output import fail, note
from infra.cli.session import reading, run
from infra.files.atomic import PRIVATE, write_atomically
from infra.person_file.page import page
from processors.person.file import NoSuchPerson, gather


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(file)


def file(
    person: Annotated[str, typer.Argument(help="参保人编号 person_id")],
    out: Annotated[Path, typer.Option("--out", help="输出文件 write to FILE.html")],
    data_dir: DataDir = None,
) -> None:
    """台账：一人一页，身份、支付、依据、调整，记入查阅记录。A person's file: what was paid for him and why; a look."""
    file_of(out, (".html",))

    async def main() -> int:
        async with reading(settings_of(data_dir), "file") as engine:
            try:
                gathered = await gather(engine, person)
            except NoSuchPerson:
                fail(f"账本没有参保人 {person}。 No such person in the ledger")
                return 2
            await looked(engine, person, "file")
        write_atomically(out, page(gathered).encode(), PRIVATE)
        note(f"已写入 written: {out}（仅本人可读 readable by you alone）")
        if gathered.verdict.consistent is False:
            fail("重算与账面不符，见文件首页。Replaying does not give what was booked: the file says where")
            return 1
        return 0

    sys.exit(run(main))
