"""``claims status``: servers, consumers, what is in flight."""

import sys
from typing import Any
from urllib.parse import urlsplit

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.journal import entries
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, stdout, table
from infra.cli.session import ledger_servers, require_ledger, run
from infra.embedded.nats_health import NoHealth, write_error
from infra.embedded.process import ServerError
from infra.messaging.backlog import most_waiting
from infra.messaging.broker import connected_broker
from infra.messaging.older_database import check_not_older
from infra.messaging.streams import INTAKE, OlderDatabase, lag
from infra.operations.payouts import payout_state
from infra.postgres.engine import connect, migrate
from infra.settings import Settings
from infra.worker.failures import NATS_AWAY_ERRORS
from infra.worker.shares import FOLLOWER, lanes_of
from processors.delivery.in_flight import in_flight
from processors.delivery.lane_owners import load_owners
from processors.delivery.layout import partitions_of
from processors.delivery.names import INTAKE_CONSUMER, RUNS
from processors.delivery.position import all_positions
from processors.law.terms import claim_consumers
from projections.refusals import refusals
from projections.statements import statements
from projections.waiting_discharges import waiting

NATS_ANSWERS_WITHIN_S = 5.0
"""How long it tries to connect: what the database says is told anyhow."""
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
        positions = await all_positions(connection)
        lanes = [*lanes_of(await claim_consumers(connection), await partitions_of(connection) or 1), FOLLOWER]
        owners = await load_owners(connection)
        flight = await in_flight(connection)
        counts = {
            "entries": await _count(connection, entries),
            "statements": await _count(connection, statements),
            "refusals": await _count(connection, refusals),
            "waiting": await _count(connection, waiting),
        }
    consumers: list[dict[str, Any]] = [
        {"consumer": lane[0], "partition": lane[1], "position": positions.get(lane, 0), "lag": None}
        | {"owner": owners[lane].worker if lane in owners else None}
        for lane in lanes
    ]
    state = {"consumers": consumers, "runs_in_flight": flight.runs, "parked": flight.parked, "counts": counts}
    return state | await _streams_state(engine, nats_url, settings, consumers)


async def _streams_state(
    engine: AsyncEngine, nats_url: str, settings: Settings, consumers: list[dict[str, Any]]
) -> dict[str, Any]:
    """What NATS says: why it does not answer, whether it takes events, why no lane goes on; the lag of each lane."""
    state: dict[str, Any] = {"nats_error": None, "intake_writable": None, "intake_error": None, "halted": None}
    state["most_waiting"] = []
    try:
        async with connected_broker(nats_url, settings.nats_ca, within_s=NATS_ANSWERS_WITHIN_S) as broker:
            js = broker.connection.jetstream()
            for row in consumers:
                if (row["consumer"], row["partition"]) == FOLLOWER:
                    continue
                stream = INTAKE if row["consumer"] == INTAKE_CONSUMER else RUNS
                row["lag"] = await lag(js, stream, f"{row['consumer']}-{row['partition']}")
                if row["consumer"] == INTAKE_CONSUMER and row["lag"]:
                    state["most_waiting"] = await most_waiting(js, row["position"])
            if settings.external is None:  # no account of ours may ask another's server
                state["intake_error"] = await write_error(nats_url)
                state["intake_writable"] = state["intake_error"] is None
            await check_not_older(engine, broker.connection, js)
            async with engine.connect() as connection:
                told = await payout_state(connection, broker.connection)
            consumers[-1] |= {"position": told.sequence, "lag": told.waiting}
    except OlderDatabase as error:
        state["halted"] = str(error)
    except (ServerError, NoHealth, *NATS_AWAY_ERRORS) as error:
        state["nats_error"] = str(error) or type(error).__name__
    return state


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
