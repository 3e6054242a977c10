"""``claims up``: servers and all processors, until interrupted."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import typer

from infra.cli.arguments import listed, unusable
from infra.cli.options import DataDir, settings_of
from infra.cli.output import note, stderr
from infra.cli.session import ledger_servers, run
from infra.embedded.process import die_with_parent
from infra.settings import Settings
from infra.worker.shares import CONSUMERS, Share
from infra.worker.worker import worker


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 worker processes")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="只运行这些处理器 only these consumers")] = None,
    index: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """运行：启动服务器和全部处理器，直到中断。Run servers and all processors until interrupted."""
    unknown = set(only or ()) - set(CONSUMERS)
    if unknown:
        raise unusable(
            f"没有处理器 {min(unknown)}，可用的有 {listed(CONSUMERS)}", f"{min(unknown)} is no consumer", "--only"
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
