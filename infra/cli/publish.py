"""``claims publish``: files of events to a running ``claims up``."""

import sys

import typer

from infra.cli.event_files import EventFiles, check_readable, exit_code_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.session import ledger_servers, run
from infra.messaging.broker import connected_broker
from infra.operations.settle import publish_files


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(publish)


def publish(files: EventFiles, data_dir: DataDir = None, json: Json = False) -> None:
    """发送：只发送事件到运行中的系统。Only publish, to a running ``claims up``."""
    settings = settings_of(data_dir)
    check_readable(files)

    async def main() -> int:
        async with ledger_servers(settings, "publish", nats=True) as endpoints:
            if endpoints.owned:
                fail(
                    f"{settings.data_dir} 上没有运行中的 claims up，请先启动，或改用 claims settle。"
                    f"No `claims up` runs on {settings.data_dir}: start it first, or use `claims settle`"
                )
                return 2
            async with connected_broker(endpoints.nats_url, settings.nats_ca) as broker:
                published = await publish_files(broker.connection, files)
        if json:
            print_json([{"events": len(published.sequences)}])
        else:
            note(f"已发送 published: {len(published.sequences)}")
        return exit_code_of(published)

    sys.exit(run(main))
