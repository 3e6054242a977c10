"""Renders a settlement sheet as one HTML page that needs nothing beside it, and as PDF by the machine's own browser."""

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import database_time
from infra.person_file.page import templates
from infra.settlement_sheet.sheet import ClaimSheet, NoSheet, capitals, claim_sheet
from processors.person.replay import load_history
from projections.statements import load_statements

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
_PRINTED_WITHIN_S = 60.0


class NoBrowser(RuntimeError):
    """No browser that prints; the message says what to do."""


async def load_sheet(engine: AsyncEngine, claim_id: str, *, source: str | None = None) -> tuple[ClaimSheet, datetime]:
    """The sheet of a claim, and when it was read; with ``source`` of a claim that it has sent. Raises ``NoSheet``."""
    async with engine.connect() as connection:
        row = (await load_statements(connection, [claim_id])).get(claim_id)
        now = await database_time(connection)
    if row is None or source not in (None, row["source"]):
        raise NoSheet(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    history = await load_history(engine, row["person_id"])
    return await claim_sheet(engine, history, claim_id, row["source"]), now


def sheet_page(sheet: ClaimSheet, read_at: datetime) -> str:
    """The sheet for A4 and signatures."""
    page = templates("infra.settlement_sheet").get_template("sheet_page.html")
    return page.render(sheet=sheet, claim=sheet.claim, capitals=capitals, read_at=read_at)


def sheet_pdf(page: str) -> bytes:
    """A page on A4. Raises ``NoBrowser``.

    HTML with Chinese text is laid out well by a browser alone without packages of the system beside it.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise NoBrowser(
            "本机没有可用的浏览器（Chromium、Chrome、Edge）转成PDF：请改用 --out 文件.html，在浏览器中打印成PDF。"
            "No Chromium, Chrome or Edge here to print it: write FILE.html, and print that from a browser"
        )
    with TemporaryDirectory(prefix="claims-sheet-") as folder:
        written, printed = Path(folder) / "sheet.html", Path(folder) / "sheet.pdf"
        written.write_text(page, encoding="utf-8")
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
        call = [browser, *as_root, *options, f"--print-to-pdf={printed}", written.as_uri()]
        try:
            subprocess.run(call, check=True, capture_output=True, timeout=_PRINTED_WITHIN_S)  # noqa: S603 - ours
            return printed.read_bytes()
        except (subprocess.SubprocessError, FileNotFoundError) as error:
            raise NoBrowser(
                f"{browser} 没有打印成功（{type(error).__name__}）：请改用 --out 文件.html，在浏览器中打印成PDF。"
                f"{browser} did not print it: write FILE.html, and print that from a browser"
            ) from None
