"""``claims backup`` and ``claims restore``."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from events.county_time import COUNTY_TIME
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.session import ledger_servers, require_ledger, run
from infra.cli.verify import print_verdict
from infra.messaging.broker import connected_broker
from infra.messaging.stream_restore import IntakeBeyondBackup, Streams
from infra.operations.backup import Restored, back_up
from infra.operations.backup import restore as restore_ledger
from infra.postgres.dump import check_archive
from infra.postgres.dump_digest import has_digest
from infra.postgres.engine import migrate
from processors.backup.lost_steps import LastWork, LostWork

File = Annotated[Path, typer.Argument(help="备份文件 backup file", dir_okay=False)]


NOTES = {
    "cases.0": "；请按案卷重新登记 enter the work on cases again from its papers (claims cases)",
    "funds.0": "；请核对银行流水后重新登记 check the bank's statements and note it again (claims funds)",
    "leads.0": "；请重新查找，并重新登记排除和立案 look anew, dismiss again (claims leads --anew)",
    "registers.0": "；请按纸质台账重新登记 note it again (claims registers, advances, roster)",
    "rosters.0": "；请重新导入名单 take the lists in again (claims roster import)",
    "seal.0": "；请重新封账并说明 seal anew, and note why (claims seal)",
    "supervision.0": "；请重新采用监管参数 adopt the texts again (claims supervision adopt)",
}
"""What to do about the journals whose entries a restore loses."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(file: File, data_dir: DataDir = None, json: Json = False) -> None:
    """备份：账本的一个时点，可与处理器同时进行。One moment of the ledger, also while the processors work."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        async with ledger_servers(settings, "backup", nats=False) as endpoints:
            await migrate(endpoints.database_url)
            size = await back_up(endpoints.database_url, file, settings.pg_bin)
        if json:
            print_json([{"file": str(file), "bytes": size}])
        else:
            note(f"已备份 written: {file}, {size} bytes；内含个人信息 it names persons: keep it closed, and elsewhere")
        return 0

    sys.exit(run(main))


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="替换现有账本 give up the ledger that is there")] = False,
    forget_steps: Annotated[
        bool, typer.Option("--forget-steps", help="放弃备份后的拨付步骤 give up clearing steps that are not in it")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """恢复：备份先验账后启用。Restore a backup: it is proved before it takes the other ledger's place."""
    settings = settings_of(data_dir)

    async def main() -> int:
        await check_archive(file, settings.pg_bin)
        if not has_digest(file):
            note(
                "警告 warning: 备份没有校验码，损坏可能不被发现。"
                "The backup has no digest: an older version made it, or its end is damaged. "
                "Other damage may go unnoticed"
            )
        async with (
            ledger_servers(settings, "restore", nats=True, share_with=None) as endpoints,
            connected_broker(endpoints.nats_url, settings.nats_ca) as broker,
        ):
            restored = await restore_ledger(
                endpoints.database_url,
                Streams(broker.connection),
                file,
                settings.pg_bin,
                replace=replace,
                forget_steps=forget_steps,
            )
        _print(restored, json=json)
        return 0 if restored.report.holds else 1

    sys.exit(run(main))


def _print(restored: Restored, *, json: bool) -> None:
    if json:
        operators = _operators_json(restored.lost, restored.standing)
        streams = _streams_json(restored.beyond_backup)
        print_json([{"report": restored.report.as_json(), "streams": streams, "operators": operators}])
    else:
        print_verdict(restored.report)
    after, lost, stands = restored.beyond_backup, restored.lost, restored.standing
    if after is None or lost is None or stands is None:
        fail("备份不符，原账本未动 the backup's books do not hold: the ledger that was there stands as it stood")
        return
    _note_streams(after)
    _note_operators(lost, stands)
    for line in restored.unfit_views:
        note(f"警告 warning: 另有视图不合新版，未恢复。Another's view does not fit and is left out: {line}")
    note("已恢复 restored: claims up 或 claims settle 继续 goes on")


def _note_streams(after: IntakeBeyondBackup) -> None:
    if after.again:
        note(f"INTAKE 中 {after.again} 个事件将再次处理 events after the backup are in INTAKE still: taken again")
    if after.missing:
        note("警告 warning: 没有 INTAKE。There is no INTAKE: what came after the backup is not there")
    if after.foreign:
        note("警告 warning: INTAKE 属于另一账本，已删除。INTAKE was another ledger's, and was dropped")
    if after.dropped is not None:
        first, last = after.dropped
        note(f"警告 warning: 其中 {first}–{last} 的事件尚未处理 its events at {first} to {last} had not been taken")
    if after.lost is not None:
        first, last = after.lost
        note(
            f"警告 warning: INTAKE {first}–{last} 的事件已不存在。"
            f"The events at {first} to {last} of INTAKE are neither in the backup nor in INTAKE"
        )
    if after.sources_send_again:
        note(
            "请各来源重发备份之后的事件。Let sources send again what they sent since the backup; "
            "what the ledger has, it knows"
        )


def _note_operators(lost: LostWork, stands: LastWork) -> None:
    step = stands.last_step
    head = "无 none" if step is None else f"#{step.number} {step.type} {step.of} {_local(step.recorded_at)}"
    note(f"拨付记录止于 clearing.0 ends at: {head}")
    for gone in lost.steps:
        note(f"警告 warning: 已丢失 lost: clearing.0 #{gone.number} {gone.type} {gone.of} {gone.actor}")
    for scheme in stands.schemes:
        note(f"政策 scheme in force: {scheme.name} {scheme.hash} {_local(scheme.adopted_at)}")
    for scheme in lost.schemes:
        note(f"警告 warning: 政策文本已丢失 scheme lost: {scheme.name} {scheme.hash} {_local(scheme.adopted_at)}")
    for journal, count in lost.notes.items():
        note(f"警告 warning: {journal} 丢失 {count} 条 entries lost{NOTES[journal]}")
    note(
        "1. 先重新采用备份之后采用的政策文本，再 claims up。"
        "First adopt again the schemes adopted since the backup (claims schemes adopt), only then claims up\n"
        "2. 拨付前与银行核对备份之后的付款。"
        "Check payments since the backup against the bank before anything is drafted or paid"
    )


def _local(at: datetime) -> str:
    """A moment in the county's time."""
    return at.astimezone(COUNTY_TIME).isoformat(timespec="seconds")


def _streams_json(after: IntakeBeyondBackup | None) -> dict[str, Any] | None:
    if after is None:
        return None
    return {
        "taken": after.taken,
        "taken_again": after.again,
        "lost": after.lost,
        "missing": after.missing,
        "foreign": after.foreign,
        "dropped": after.dropped,
    }


def _operators_json(lost: LostWork | None, stands: LastWork | None) -> dict[str, Any] | None:
    """What operators did since the backup, which is lost, and where the restored ledger's knowledge of it ends."""
    if lost is None or stands is None:
        return None
    return {
        "lost": {"steps": lost.steps, "schemes": lost.schemes, "notes": lost.notes},
        "last_step": stands.last_step,
        "schemes": stands.schemes,
    }
