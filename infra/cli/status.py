"""``claims status``: servers, consumers, what is in flight."""

import sys
from typing import Any
from urllib.parse import urlsplit

import typer
from faststream.nats import NatsBroker
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import print_json, stdout, table
from infra.cli.session import ledger_servers, require_ledger, run
from infra.messaging.broker import connect_broker
from infra.messaging.streams import INTAKE, lag
from infra.postgres.engine import connect, migrate
from infra.worker.shares import CONSUMERS
from processors.delivery.in_flight import in_flight
from processors.delivery.names import INTAKE_CONSUMER, RUNS
from processors.delivery.position import all_positions
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
            broker = connect_broker(endpoints.nats_url, settings.nats_ca)
            await broker.start()
            try:
                state = {
                    "running": not endpoints.owned and settings.external is None,
                    "nats_url": endpoints.nats_url,
                    "database_url": endpoints.database_url,
                    **await _state(engine, broker),
                }
            finally:
                await broker.stop()
                await engine.dispose()
        _print(state, json=json)
        return 0

    sys.exit(run(main))


async def _state(engine: AsyncEngine, broker: NatsBroker) -> dict[str, Any]:
    js = broker.connection.jetstream()
    async with engine.connect() as connection:
        positions = {lane: seq for lane, seq in (await all_positions(connection)).items() if lane[0] in CONSUMERS}
        flight = await in_flight(connection)
        counts = {
            "entries": await _count(connection, entries),
            "statements": await _count(connection, statements),
            "refusals": await _count(connection, refusals),
            "waiting": await _count(connection, waiting),
        }
    consumers = []
    for (consumer, partition), position in sorted(positions.items(), key=lambda item: _order(item[0])):
        behind = await lag(js, INTAKE if consumer == INTAKE_CONSUMER else RUNS, f"{consumer}-{partition}")
        consumers.append({"consumer": consumer, "partition": partition, "position": position, "lag": behind})
    return {"consumers": consumers, "runs_in_flight": flight.runs, "parked": flight.parked, "counts": counts}


def _order(lane: tuple[str, int]) -> tuple[int, int]:
    return CONSUMERS.index(lane[0]), lane[1]


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
    rows = [
        (row["consumer"], str(row["partition"]), str(row["position"]), "—" if row["lag"] is None else str(row["lag"]))
        for row in state["consumers"]
    ]
    table("处理器 Consumers", ("处理器 consumer", "分区 partition", "位置 position", "积压 lag"), rows, right=(1, 2, 3))
    counts = {"在途 runs in flight": state["runs_in_flight"], "挂起 parked": state["parked"]}
    counts |= {_COUNTS[name]: count for name, count in state["counts"].items()}
    shown = [(name, str(count)) for name, count in counts.items()]
    table("数量 Counts", ("项目 item", "数值 value"), shown, right=(1,))
