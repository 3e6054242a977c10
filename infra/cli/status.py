"""``claims status``: servers, consumers, what is in flight."""

import sys
from typing import Any
from urllib.parse import urlsplit

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import entries
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, stdout, table
from infra.cli.session import ledger_servers, require_ledger, run
from infra.operations.operation_state import operation_state
from infra.postgres.engine import connect, migrate
from infra.settings import Settings
from projections.refusals import refusals
from projections.statements import statements
from projections.waiting_discharges import waiting

_COUNTS = {
    "entries": "账目 entries",
    "statements": "结算单 statements",
    "refusals": "拒收 refusals",
    "waiting": "等待 waiting",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(data_dir: DataDir = None, json: Json = False) -> None:
    """状态：服务器、处理器位置和积压。Servers, consumers with position and lag, runs in flight, counts."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        async with ledger_servers(settings, "status", nats=True) as endpoints:
            await migrate(endpoints.database_url)
            engine = connect(endpoints.database_url)
            try:
                state = {
                    "running": not endpoints.owned and settings.external is None,
                    "nats_url": endpoints.nats_url,
                    "database_url": endpoints.database_url,
                    **await _state(engine, endpoints.nats_url, settings),
                }
            finally:
                await engine.dispose()
        _print(state, json=json)
        faults = ("nats_error", "intake_error", "halted")
        return 0 if all(state[name] is None for name in faults) else 1

    sys.exit(run(main))


async def _state(engine: AsyncEngine, nats_url: str, settings: Settings) -> dict[str, Any]:
    """What the database says, and what NATS adds where it answers."""
    async with engine.connect() as connection:
        counts = {
            "entries": await _count(connection, entries),
            "statements": await _count(connection, statements),
            "refusals": await _count(connection, refusals),
            "waiting": await _count(connection, waiting),
        }
    state = await operation_state(engine, nats_url, settings)
    consumers = [
        {
            "consumer": lane.consumer,
            "partition": lane.partition,
            "position": lane.position,
            "lag": lane.lag,
            "oldest": None if lane.oldest is None else lane.oldest.astimezone(COUNTY_TIME).isoformat(),
            "owner": lane.owner,
        }
        for lane in state.lanes
    ]
    said = {name: getattr(state, name) for name in ("nats_error", "intake_writable", "intake_error", "halted")}
    flight = {"runs_in_flight": state.flight.runs, "parked": state.flight.parked}
    return {"consumers": consumers} | flight | {"counts": counts} | said | {"most_waiting": state.most_waiting}


async def _count(connection: Any, rows: Any) -> int:
    return int((await connection.execute(select(func.count()).select_from(rows))).scalar_one())


def _masked(url: str) -> str:
    return urlsplit(url)._replace(netloc=f"…@{urlsplit(url).netloc.rpartition('@')[2]}").geturl()


def _print(state: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json([state])
        return
    stdout.print(f"运行中 running: {'是 yes' if state['running'] else '否 no'}")
    if state["running"]:
        for name in ("nats_url", "database_url"):
            stdout.print(f"{name}: {_masked(state[name])}（密码 password: --json）", highlight=False, soft_wrap=True)
    _print_faults(state)
    rows = [
        (
            row["consumer"],
            str(row["partition"]),
            str(row["position"]),
            "—" if row["lag"] is None else str(row["lag"]),
            row["owner"] or "无 none",
        )
        for row in state["consumers"]
    ]
    columns = ("处理器 consumer", "分区 partition", "位置 position", "积压 lag", "运行于 owned by")
    table("处理器 Consumers", columns, rows, right=(1, 2, 3))
    if state["most_waiting"]:
        waiting = [(row["source"], f"{row['events']:,}") for row in state["most_waiting"]]
        table("待接收事件最多的来源 Sources with most events waiting", ("来源 source", "约 about"), waiting, right=(1,))
    counts = {"在途 runs in flight": state["runs_in_flight"], "挂起 parked": state["parked"]}
    counts |= {_COUNTS[name]: count for name, count in state["counts"].items()}
    shown = [(name, str(count)) for name, count in counts.items()]
    table("数量 Counts", ("项目 item", "数值 value"), shown, right=(1,))


def _print_faults(state: dict[str, Any]) -> None:
    """What is wrong, and what that means."""
    if state["nats_error"] is not None:
        fail(f"以下仅为数据库状态。What follows is from the database alone: {state['nats_error']}")
    if state["halted"] is not None:
        fail(f"处理已停止，未清除任何内容。The lanes have halted, nothing was purged: {state['halted']}")
    if state["intake_writable"] is not None:
        stdout.print(f"INTAKE 可写 takes events: {'是 yes' if state['intake_writable'] else '否 no'}")
    if state["intake_error"] is not None:
        fail(
            "消息流无法写入。A stream can't be written: `claims up` starts nats-server again once the disk has room "
            f"({state['intake_error']})"
        )
    unowned = [f"{row['consumer']}.{row['partition']}" for row in state["consumers"] if row["owner"] is None]
    if state["running"] and unowned:
        fail(f"没有进程在运行的处理器。No worker owns these lanes: {', '.join(unowned)}")
