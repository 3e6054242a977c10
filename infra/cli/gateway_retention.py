"""``claims gateway prune``: old answers and files of the gateway are removed."""

import sys
from typing import Annotated

import typer

from infra.cli.arguments import Actor, actor_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import note, print_json
from infra.cli.session import ledger_servers, migrate_and_learn, require_ledger, run
from infra.postgres.engine import connect
from processors.visits.retention import FEWEST_DAYS, prune


def prune_answers(
    actor: Actor,
    older_than: Annotated[
        int, typer.Option("--older-than", min=FEWEST_DAYS, max=36_500, help="保留天数 days that are kept")
    ] = 400,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """清理过期的交易应答和对账文件；明细和结算不动。Remove old answers and files; lines and settlements stay."""
    who, settings = actor_of(actor), settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        async with ledger_servers(settings, "gateway", nats=False) as endpoints:
            await migrate_and_learn(endpoints.database_url)
            engine = connect(endpoints.database_url)
            try:
                pruned = await prune(engine, older_than, who)
            finally:
                await engine.dispose()
        if json:
            told = {"before": pruned.before.isoformat(), "answers": pruned.answers, "files": pruned.files}
            print_json([told])
        else:
            note(f"已清理 removed: 应答 answers {pruned.answers}，文件 files {pruned.files}")
        return 0

    sys.exit(run(main))
