"""``claims demo``: a made-up county of the size of 上高 2019, settled through the real pipeline."""

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.cli.options import DataDir, settings_of
from infra.cli.output import draw, note, progress_bar, stdout
from infra.cli.replay import print_replay
from infra.cli.session import ledger_servers, run
from infra.cli.settle import print_summary
from infra.cli.verify import print_verdict
from infra.demo import write_county
from infra.demo.fund_table import fund_table
from infra.operations.made_up_ledger import require_made_up
from infra.operations.settle import settle_files
from infra.postgres.engine import connect
from infra.worker.proof_workers import prove
from policies.loader import SCHEMES, load_file
from processors.person.replay import load_history
from projections.statements import paid_by_layer, statements

SEED = 2019


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option(help="随机种子 the county's seed")] = SEED,
    events: Annotated[Path | None, typer.Option(help="保留模拟事件文件 keep the made-up events in this file")] = None,
) -> None:
    """演示：结算一个模拟县（上高县2019年规模）。A made-up county, settled; its funds beside those published."""

    settings = settings_of(data_dir)

    async def main() -> int:
        with tempfile.TemporaryDirectory(prefix="claims-demo-") as folder:
            file = events or Path(folder) / "county.jsonl"
            count = write_county(file, seed)
            note(f"已生成模拟数据 made up: {count} events")
            async with ledger_servers(settings, "demo", nats=True) as endpoints:
                with file.open("rb") as lines:
                    await require_made_up(endpoints.database_url, orjson.loads(next(lines)))
                with progress_bar() as report:
                    settled = await settle_files(endpoints, settings, [str(file)], report)
                print_summary(settled, json=False)
                rate = settled.summary.claims / max(settled.seconds, 0.001)
                stdout.print(f"每秒结算 claims per second: {rate:.0f}\n")
                holds = await _show(endpoints.database_url)
        if settings.external is None:
            _tell_console(settings.data_dir)
        return holds

    sys.exit(run(main))


def _tell_console(data_dir: Path) -> None:
    """The line that opens what was made, to be typed as it stands."""
    program = "claims" if shutil.which("claims") else os.path.relpath(sys.argv[0])
    command = shlex.join([program, "console", "--data-dir", str(data_dir)])
    stdout.print(f"\n在浏览器中打开 open it in a browser: {command}", highlight=False, markup=False, soft_wrap=True)


async def _show(database_url: str) -> int:
    published = load_file(SCHEMES / "shanggao.yaml").published
    if published is None:
        raise AssertionError("上高's scheme carries its published figures")
    engine = connect(database_url)
    try:
        async with engine.connect() as connection:
            paid, claims, total = await _poor_inpatient(connection)
            person = await _most_told(connection)
        print_replay(await load_history(engine, person))
    finally:
        await engine.dispose()
    report = await prove(database_url)
    print_verdict(report)
    stdout.print()
    draw(fund_table(paid, claims, total, published))
    return 0 if report.holds else 1


async def _poor_inpatient(connection: AsyncConnection) -> tuple[dict[str, int], int, int]:
    """Of the standing inpatient claims of the poor: fen paid by layer, how many, their total in fen."""
    standing = (statements.c.status == "settled", statements.c.setting == "inpatient", statements.c.poor)
    count, total = (
        await connection.execute(select(func.count(), func.coalesce(func.sum(statements.c.total), 0)).where(*standing))
    ).one()
    return await paid_by_layer(connection, statements, *standing), count, int(total)


async def _most_told(connection: AsyncConnection) -> str:
    """A person whose story is worth reading: few claims, one of them settled again."""
    revisions = func.max(statements.c.revision)
    query = (
        select(statements.c.person_id)
        .group_by(statements.c.person_id)
        .having(func.count().between(2, 3))
        .order_by(revisions.desc(), statements.c.person_id)
        .limit(1)
    )
    return str((await connection.execute(query)).scalar_one())
