"""``claims gateway``: hospitals' programs speak HTTP to it, and it sends their events to the ledger."""

import sys
from typing import TYPE_CHECKING

import typer

from infra.cli.clearing_applications import applications
from infra.cli.gateway_hospitals import hospitals
from infra.cli.gateway_keys import keys
from infra.cli.gateway_records import lines, looks
from infra.cli.gateway_retention import prune_answers
from infra.cli.options import DataDir, Json, Listen, settings_of
from infra.cli.output import fail, note, print_json, stderr
from infra.cli.register_keys import make_key_file, rotate_key_file
from infra.cli.session import ending, ledger_servers, migrate_and_learn, require_ledger, run
from infra.files.key_file import GATEWAY as KEYS
from infra.files.key_file import key_ring
from infra.http.address import GATEWAY, Address
from processors.visits.hospital_steps import keys_in_use, seal_anew

if TYPE_CHECKING:
    from infra.gateway.server import RunningGateway

gateway = typer.Typer(
    help="接口服务：医院用国家接口规范接入，直到中断。The gateway for hospitals, until interrupted.",
    invoke_without_command=True,
)
gateway.add_typer(hospitals, name="hospitals")
gateway.command()(applications)
gateway.command()(lines)
gateway.command()(looks)
gateway.command("prune")(prune_answers)
gateway.add_typer(keys, name="keys")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(gateway, name="gateway")


@gateway.callback()
def serve(
    context: typer.Context,
    listen: Listen = GATEWAY,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """接口服务：医院用国家接口规范接入，直到中断。The gateway for hospitals, beside a running `claims up`."""
    if context.invoked_subcommand is not None:
        return
    from infra.gateway.server import serving  # here: no other command pays for what serves HTTP

    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)

    async def main() -> int:
        address = Address.parse(listen)
        require_ledger(settings)
        keys = key_ring(settings, KEYS)
        async with ending() as end, ledger_servers(settings, "gateway", nats=True) as endpoints:
            if endpoints.owned:
                fail(
                    f"{settings.data_dir} 上没有运行中的 claims up，请先启动，或用 claims up --gateway。"
                    f"No `claims up` runs on {settings.data_dir}: start it first, or use `claims up --gateway`"
                )
                return 2
            await migrate_and_learn(endpoints.database_url)
            async with serving(endpoints.database_url, endpoints.nats_url, settings, keys, address) as running:
                _tell(running, json=json)
                end.starts_to_work()
                await end.asked.wait()
        note("已停止 stopped")
        return 0

    sys.exit(run(main))


@gateway.command("new-key")
def new_key(data_dir: DataDir = None, json: Json = False) -> None:
    """生成接口服务的密钥文件。Make the key file of a new gateway."""
    make_key_file(data_dir, KEYS, keys_in_use, json=json)


@gateway.command("rotate-key")
def rotate_key(data_dir: DataDir = None, json: Json = False) -> None:
    """换密钥：机构的密码用新密钥重新加密，旧密钥留着读旧交易。A new key: secrets are sealed anew under it."""
    rotate_key_file(data_dir, KEYS, keys_in_use, seal_anew, counted="hospitals", json=json)


def _tell(running: "RunningGateway", *, json: bool) -> None:
    if json:
        print_json([running.json()])
    else:
        note(f"接口服务 gateway: {running.url} · Ctrl-C 停止 stops")
