"""``claims console``: the web pages for clerks, finance, investigators, leaders and operators."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import DataDir, Json, Listen, settings_of
from infra.cli.output import note, print_json, stderr
from infra.cli.session import ending, ledger_servers, migrate_and_learn, require_ledger, run
from infra.http.address import CONSOLE, Address

if TYPE_CHECKING:
    from infra.console.server import Running

HostNames = Annotated[
    list[str] | None, typer.Option("--host-name", help="浏览器可用的主机名 host name that browsers may use; repeatable")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("console")(console_command)


def console_command(
    listen: Listen = CONSOLE,
    host_name: HostNames = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """控制台：浏览器中的页面，直到中断。The web console, until interrupted; beside `claims up` or alone."""
    from infra.console.server import serving  # here: no other command pays for what serves pages

    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)

    async def main() -> int:
        address = Address.parse(listen)
        require_ledger(settings)
        nats = settings.external is None or bool(settings.nats_url)
        async with (
            ending() as end,
            ledger_servers(settings, "console", nats=nats) as endpoints,
        ):
            await migrate_and_learn(endpoints.database_url)
            names = frozenset(host_name or ())
            async with serving(endpoints.database_url, endpoints.nats_url, settings, address, names) as running:
                tell_console(running, json=json)
                end.starts_to_work()
                await end.asked.wait()
        note("已停止 stopped")
        return 0

    sys.exit(run(main))


def tell_console(running: "Running", *, json: bool) -> None:
    """Say where the console is, once it answers."""
    if json:
        print_json([running.json()])
        return
    note(f"控制台 console: {running.url} · Ctrl-C 停止 stops")
    if running.link is not None:
        note(f"一次性登录链接（数据库所有者） one-time link of the owner: {running.link}")
    else:
        note("用数据库登录名和密码登录 sign in by a login of the database: claims access database")
