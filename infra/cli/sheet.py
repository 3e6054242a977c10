"""``claims sheet``: the settlement sheet of a claim for the window, as HTML or PDF."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.arguments import file_of, id_of
from infra.cli.looks import looked
from infra.cli.options import DataDir, settings_of
from infra.cli.output import note
from infra.cli.session import reading, run
from infra.files.atomic import PRIVATE, write_atomically
from infra.settlement_sheet.page import load_sheet, sheet_page, sheet_pdf


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sheet)


def sheet(
    claim: Annotated[str, typer.Argument(help="结算单号 claim_id")],
    out: Annotated[Path, typer.Option("--out", help="输出文件 write to FILE.html or FILE.pdf")],
    data_dir: DataDir = None,
) -> None:
    """结算单：一张有效结算单的打印件，一页A4，记入查阅记录。The settlement sheet of a claim that stands; a look."""
    claim_id = id_of(claim, "CLAIM")
    file_of(out, (".html", ".pdf"))

    pages: list[str] = []

    async def main() -> int:
        async with reading(settings_of(data_dir), "sheet") as engine:
            found, read_at = await load_sheet(engine, claim_id)
            await looked(engine, found.file.person_id, "settlement sheet")
        pages.append(sheet_page(found, read_at))
        return 0

    run(main)
    (page,) = pages
    write_atomically(out, page.encode() if out.suffix == ".html" else sheet_pdf(page), PRIVATE)
    note(f"已写入 written: {out}（仅本人可读 readable by you alone）")
