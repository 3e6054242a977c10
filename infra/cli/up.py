"""``claims up``: servers and all processors, until interrupted."""

import sys
from typing import Annotated

import typer

from infra.cli.arguments import listed, unusable
from infra.cli.options import DataDir, settings_of
from infra.cli.output import fail, note, stderr
from infra.cli.session import ending, ledger_servers, run
from infra.http.address import CONSOLE, Address
from infra.worker.shares import FOLLOWER, Share
from infra.worker.worker import worker
from infra.worker.worker_processes import other_processes


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 worker processes")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="只运行这些处理器 only these consumers")] = None,
    console: Annotated[bool, typer.Option("--console", help="同时开控制台 with the web console as well")] = False,
    listen: Annotated[
        str | None, typer.Argument(help=f"控制台的监听地址 where the console listens; {CONSOLE}", metavar="HOST:PORT")
    ] = None,
    index: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """运行：启动服务器和全部处理器，直到中断。Run servers and all processors until interrupted."""
    chosen = frozenset(only or ())
    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)

    if listen is not None and not console:
        raise unusable("HOST:PORT 与 --console 一起用", "HOST:PORT goes with --console", "HOST:PORT")
    address = (listen or CONSOLE) if console else None
    if address is not None and index == 0:
        Address.parse(address).bound().close()  # said now, and not again and again by the process that would listen

    async def main() -> int:
        async with (
            ending() as end,
            # the first worker owns the servers; the others of this `up` join it
            ledger_servers(settings, "up", nats=True, share_with="up" if index else None) as endpoints,
            worker(endpoints.database_url, endpoints.nats_url, settings, Share(index, workers, chosen)) as ours,
            other_processes(settings, workers if index == 0 else 1, chosen, address, end.asked),
        ):
            known = (*ours.consumers, FOLLOWER[0])
            if unknown := chosen - set(known):
                there = listed(known)
                fail(f"--only：没有处理器 {min(unknown)}，可用的有 {there}。{min(unknown)} is no consumer")
                return 2
            if index:
                note("已加入 joined")
            else:
                note("已就绪 ready · Ctrl-C 停止 stops · claims status 查看状态 shows what runs")
            end.starts_to_work()
            await ours.run(end.asked)
        if index == 0:
            note("已停止 stopped")
        return 0

    sys.exit(run(main))
