"""``claims backup`` and ``claims restore``."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.backup import Restored, back_up
from infra.backup import restore as restore_ledger
from infra.broker import connect_broker
from infra.cli.history import print_verdict
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.running import database_of, ledger_servers, require_ledger, run
from infra.dumps import check_archive
from infra.restored import Aftermath, Streams

File = Annotated[Path, typer.Argument(help="备份文件 backup file", dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(file: File, data_dir: DataDir = None, json: Json = False) -> None:
    """备份：账本的一个时点，可与处理器同时进行。One moment of the ledger, also while the processors work."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        async with database_of(settings, "backup") as engine:
            url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            size = await back_up(url, file, settings.pg_bin)
        if json:
            print_json([{"file": str(file), "bytes": size}])
        else:
            note(f"已备份 written: {file}, {size} bytes；内含个人信息 it names persons: keep it closed, and elsewhere")
        return 0

    sys.exit(run(main))


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="替换现有账本 give up the ledger that is there")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """恢复：备份先验账后启用。Restore a backup: it is proved before it takes the other ledger's place."""
    settings = settings_of(data_dir)

    async def main() -> int:
        await check_archive(file, settings.pg_bin)
        async with ledger_servers(settings, "restore", nats=True, share_with=None) as endpoints:
            broker = connect_broker(endpoints.nats_url)
            await broker.start()
            try:
                streams = Streams(broker.connection)
                restored = await restore_ledger(
                    endpoints.database_url, streams, file, settings.pg_bin, replace=replace, progress=None
                )
            finally:
                await broker.stop()
        _print(restored, json=json)
        return 0 if restored.report.holds else 1

    sys.exit(run(main))


def _print(restored: Restored, *, json: bool) -> None:
    if json:
        print_json([{"report": restored.report.as_json(), "streams": _streams_json(restored.aftermath)}])
    else:
        print_verdict(restored.report)
    after = restored.aftermath
    if after is None:
        fail("备份不符，原账本未动 the backup's books do not hold: the ledger that was there stands as it stood")
        return
    if after.again:
        note(f"INTAKE 中 {after.again} 个事件将再次处理 events after the backup are in INTAKE still: taken again")
    if after.lost is not None:
        first, last = after.lost
        note(
            f"警告 warning: INTAKE {first}–{last} 的事件已不存在，请各来源重发备份之后的事件。"
            f"The events at {first} to {last} of INTAKE are gone: "
            "let sources send again what they sent since the backup; what the ledger has, it knows"
        )
    note("已恢复 restored: claims up 或 claims settle 继续 goes on")


def _streams_json(after: Aftermath | None) -> dict[str, Any] | None:
    if after is None:
        return None
    return {"taken": after.taken, "taken_again": after.again, "lost": after.lost, "foreign": after.foreign}
