"""``claims up``: servers and all processors, until interrupted."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from infra.cli.arguments import listed, unusable
from infra.cli.options import DataDir, settings_of
from infra.cli.output import fail, note, stderr
from infra.cli.session import ending, ledger_servers, run
from infra.files.key_file import GATEWAY as KEYS
from infra.files.key_file import key_ring
from infra.http.address import CONSOLE, GATEWAY, Address
from infra.worker.shares import FOLLOWER, Share
from infra.worker.worker import worker
from infra.worker.worker_processes import other_processes

_ORDER = "claims.up.serving"
_DEFAULTS = {"console": CONSOLE, "gateway": GATEWAY}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def _noted(context: typer.Context, param: typer.CallbackParam, value: bool) -> bool:
    """Remember the order in which options were typed: addresses come in that order."""
    if value:
        context.meta.setdefault(_ORDER, []).append(param.name)
    return value


def up(
    context: typer.Context,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 worker processes")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="只运行这些处理器 only these consumers")] = None,
    console: Annotated[
        bool, typer.Option("--console", help="同时开控制台 with the web console as well", callback=_noted)
    ] = False,
    gateway: Annotated[
        bool, typer.Option("--gateway", help="同时开医院接口 with the gateway for hospitals as well", callback=_noted)
    ] = False,
    listen: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"各自的监听地址，依选项次序 where each listens, in the order of the options; {CONSOLE}, {GATEWAY}",
            metavar="HOST:PORT",
        ),
    ] = None,
    index: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """运行：启动服务器和全部处理器，直到中断。Run servers and all processors until interrupted."""
    chosen = frozenset(only or ())
    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)

    wanted = {"console": console, "gateway": gateway}
    serving = _addresses([name for name in context.meta.get(_ORDER, ()) if wanted[name]], listen or ())
    if index == 0:
        if gateway:
            key_ring(settings, KEYS)
        for address in serving.values():
            Address.parse(address).bound().close()  # said now, not again and again by the process that would listen

    async def main() -> int:
        async with (
            ending() as end,
            # the first worker owns the servers; the others of this `up` join it
            ledger_servers(settings, "up", nats=True, share_with="up" if index else None) as endpoints,
            worker(endpoints.database_url, endpoints.nats_url, settings, Share(index, workers, chosen)) as ours,
            other_processes(settings, workers if index == 0 else 1, chosen, serving, end.asked),
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


def _addresses(serving: Sequence[str], listen: Sequence[str]) -> Mapping[str, str]:
    """Where each of what serves HTTP listens. Raises ``typer.BadParameter``."""
    if listen and len(listen) != len(serving):
        raise unusable(
            "HOST:PORT 与 --console、--gateway 一起用，每个一个",
            "HOST:PORT goes with --console and --gateway, one for each",
            "HOST:PORT",
        )
    return dict(zip(serving, listen or [_DEFAULTS[name] for name in serving], strict=True))
