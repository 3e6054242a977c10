"""``claims settle``, ``publish`` and ``up``."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from events.codes import LAYER_NAMES, LAYERS
from events.money import yuan
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stderr, table
from infra.cli.session import ledger_servers, run
from infra.embedded.process import die_with_parent
from infra.messaging.broker import connect_broker
from infra.messaging.publisher import Published
from infra.operations.settle import Progress as Report
from infra.operations.settle import Settled, publish_files, settle_files
from infra.settings import Settings
from infra.worker.worker import CONSUMERS, Share, worker

Files = Annotated[list[str], typer.Argument(help="事件文件 CloudEvents, one JSON object a line; - is stdin")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(settle)
    app.command()(publish)
    app.command()(up)


def settle(files: Files, data_dir: DataDir = None, json: Json = False) -> None:
    """结算：发送事件并处理完毕，打印汇总。Publish events, process them until nothing is in flight, print a summary."""
    settings = settings_of(data_dir)
    _check_readable(files)

    async def main() -> int:
        async with ledger_servers(settings, "settle", nats=True) as endpoints:
            with progress_bar() as report:
                settled = await settle_files(endpoints, settings, files, report)
        print_summary(settled, json=json)
        return _unusable(settled.published)

    sys.exit(run(main))


def publish(files: Files, data_dir: DataDir = None, json: Json = False) -> None:
    """发送：只发送事件到运行中的系统。Only publish, to a running ``claims up``."""
    settings = settings_of(data_dir)
    _check_readable(files)

    async def main() -> int:
        async with ledger_servers(settings, "publish", nats=True) as endpoints:
            if endpoints.owned:
                fail(f"no `claims up` runs on {settings.data_dir}: start it first, or use `claims settle`")
                return 2
            broker = connect_broker(endpoints.nats_url, settings.nats_ca)
            await broker.start()
            try:
                published = await publish_files(broker.connection, files)
            finally:
                await broker.stop()
        if json:
            print_json([{"events": len(published.sequences)}])
        else:
            note(f"已发送 published: {len(published.sequences)}")
        return _unusable(published)

    sys.exit(run(main))


def up(
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 worker processes")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="只运行这些处理器 only these consumers")] = None,
    index: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """运行：启动服务器和全部处理器，直到中断。Run servers and all processors until interrupted."""
    unknown = set(only or ()) - set(CONSUMERS)
    if unknown:
        raise typer.BadParameter(
            f"{min(unknown)} is no consumer; there are {', '.join(CONSUMERS)}", param_hint="--only"
        )
    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)

    async def main() -> int:
        stop = asyncio.Event()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
        # the first worker owns the servers; the others of this `up` join it
        async with ledger_servers(settings, "up", nats=True, share_with="up" if index else None) as endpoints:
            share = Share(index, workers, frozenset(only or ()))
            async with worker(endpoints.database_url, endpoints.nats_url, settings, share) as ours:
                with _others(settings, workers if index == 0 else 1, only or []):
                    if index:
                        note("已加入 joined")
                    else:
                        note("已就绪 ready · Ctrl-C 停止 stops · claims status 查看状态 shows what runs")
                    await ours.run(stop)
        if index == 0:
            note("已停止 stopped")
        return 0

    sys.exit(run(main))


@contextmanager
def progress_bar() -> Iterator[Report | None]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not stderr.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("…", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def print_summary(settled: Settled, *, json: bool) -> None:
    """The summary of CONTRACT."""
    summary = settled.summary
    counts = {
        name: getattr(summary, name)
        for name in ("events", "accepted", "duplicates", "refused", "waiting", "parked", "claims")
    }
    money = {"total": summary.total, "patient_share": summary.patient_share, "hospital_share": summary.hospital_share}
    if json:
        print_json(
            [
                counts
                | {"total": yuan(summary.total), "paid": {layer: yuan(fen) for layer, fen in summary.paid.items()}}
                | {name: yuan(fen) for name, fen in money.items() if name != "total"}
                | {"grants": yuan(summary.grants), "seconds": round(settled.seconds, 3)}
            ]
        )
        return
    names = {
        "events": "事件 events",
        "accepted": "受理 accepted",
        "duplicates": "重复 duplicates",
        "refused": "拒绝 refused",
        "waiting": "等待入院登记 waiting",
        "parked": "挂起 parked",
        "claims": "有效结算单 standing claims",
    }
    rows = [(names[name], str(count)) for name, count in counts.items()]
    rows.append(("费用总额 total, 元", yuan(summary.total)))
    rows += [
        (f"{LAYER_NAMES[layer]} {layer}, 元", yuan(summary.paid[layer])) for layer in LAYERS if layer in summary.paid
    ]
    rows += [
        ("个人负担 patient share, 元", yuan(summary.patient_share)),
        ("医院承担 hospital share, 元", yuan(summary.hospital_share)),
        ("补助 grants, 元", yuan(summary.grants)),
        ("用时 seconds", f"{settled.seconds:.1f}"),
    ]
    hints = (("refused", "claims refusals"), ("waiting", "claims waiting"), ("parked", "claims parked"))
    table("结算汇总 Summary（本次文件 of these files）", ("项目 item", "数值 value"), rows, right=(1,))
    for name, command in hints:
        if counts[name]:
            note(f"{names[name]}: {counts[name]} → {command}")


@contextmanager
def _others(settings: Settings, workers: int, only: list[str]) -> Iterator[None]:
    """The other workers of this ``up``, each a process of its own that ends with this one."""
    command = [sys.executable, "-m", "infra", "up", "--data-dir", str(settings.data_dir), "--workers", str(workers)]
    for consumer in only:
        command += ["--only", consumer]
    # At once, also after a kill -9 of this process: they would wait for ever for servers that are gone.
    dies_with_us = partial(die_with_parent, signal.SIGKILL, os.getpid())
    processes = [
        subprocess.Popen([*command, "--index", str(index)], preexec_fn=dies_with_us)  # noqa: S603
        for index in range(1, workers)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _check_readable(files: list[str]) -> None:
    for name in files:
        if name != "-":
            try:
                with Path(name).open("rb"):
                    pass
            except OSError as error:
                raise typer.BadParameter(f"{name}: {error.strerror}", param_hint="FILE") from None


def _unusable(published: Published) -> int:
    for line in published.unusable:
        fail(line)
    return 2 if published.unusable else 0
