"""``claims report leader``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import file_of, region_of
from infra.cli.fund_warning import supervision_history
from infra.cli.names import names_of
from infra.cli.options import DataDir, settings_of
from infra.cli.output import note
from infra.cli.report_output import COUNTED_BEFORE, RegionOption, caught_up
from infra.cli.session import INSUFFICIENT_PRIVILEGE, reading, run
from infra.files.atomic import write_atomically
from infra.worker.lead_years import look_for_leads


async def _leads_looked_for(engine: AsyncEngine) -> bool:
    """Look for leads in what is new; False where the database login may only read."""
    try:
        await look_for_leads(engine)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        return False
    return True


def leader(
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="年度 year")],
    out: Annotated[Path, typer.Option("--out", help="输出文件 write to FILE.html")],
    region: RegionOption = None,
    data_dir: DataDir = None,
) -> None:
    """领导一页：资金、支付、目标、超线、未付、迟报、预警。The year on one page, with charts; no person is named."""
    file_of(out, (".html",))
    if region is not None:
        region_of(region)

    async def main() -> int:
        from infra.leader_page.figures import gather  # here: the other reports need neither templates nor these
        from infra.leader_page.page import page

        async with reading(settings_of(data_dir), "report") as engine:
            counted = await caught_up(engine, anew=False) and await _leads_looked_for(engine)
            gathered = await gather(engine, await supervision_history(engine), year, region)
            names = await names_of(engine)
        if not counted:
            note(COUNTED_BEFORE)
        write_atomically(out, page(gathered, names).encode())
        note(f"已写入 written: {out}")
        return 0

    sys.exit(run(main))
