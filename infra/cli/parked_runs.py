"""``claims parked``: what could not be handled, and how it goes on after what stopped it was mended."""

import sys
from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated

import typer

from infra.cli.options import DataDir, Json, PersonId, settings_of
from infra.cli.output import note, print_json, table
from infra.cli.row_output import OutFile, list_rows
from infra.cli.session import ledger_servers, require_ledger, run
from infra.operations.quiescence import until_quiet
from infra.operations.release import Released
from infra.operations.release import release as release_runs
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.worker import worker
from processors.delivery.release import load_parked_runs
from processors.queries.listings import parked_rows

_STATES = {"settled": "已结算", "parked": "仍挂起", "on_the_way": "处理中"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(parked)


def parked(
    release: Annotated[bool, typer.Option("--release", help="排除故障后继续 go on, after the mend")] = False,
    person: PersonId = None,
    consumer: Annotated[str | None, typer.Option("--consumer", help="处理器 consumer")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """挂起的处理批次。Runs that could not be handled; only that person's lane waits."""
    if release:
        _release(settings_of(data_dir), person, consumer, json=json)
    list_rows(
        data_dir,
        "parked",
        lambda engine: parked_rows(engine, person_id=person, consumer=consumer),
        json=json,
        out=out,
        title="挂起 Parked",
        columns="参保人 person,处理器 consumer,批次 run,原因 reason,自 since",
        cells=lambda row, _: tuple(row[name] for name in ("person_id", "consumer", "run", "reason", "since")),
    )


def _release(settings: Settings, person_id: str | None, consumer: str | None, *, json: bool) -> None:
    """Release what is parked, all or of one person or consumer; exits with 1 where not all of it was settled."""

    async def main() -> int:
        require_ledger(settings)
        async with (
            ledger_servers(settings, "parked", nats=True) as endpoints,
            worker(endpoints.database_url, endpoints.nats_url, settings) as ours,
        ):
            async with ours.engine.connect() as connection:
                wanted = await load_parked_runs(connection, person_id=person_id, consumer=consumer)
            shared = not endpoints.owned and settings.external is None
            async with nullcontext() if shared else at_work(ours):
                released = await release_runs(ours.engine, ours.broker.connection, ours.partitions, wanted)
                if not shared:
                    await until_quiet(ours.engine, [])
        _print(released, json=json)
        return 0 if all(each.state == "settled" for each in released) else 1

    sys.exit(run(main))


def _print(released: list[Released], *, json: bool) -> None:
    if json:
        print_json(asdict(each) for each in released)
        return
    rows = [
        (each.person_id, each.consumer, str(each.run), f"{_STATES[each.state]} {each.state}", each.reason or "—")
        for each in released
    ]
    headings = ("参保人 person", "处理器 consumer", "批次 run", "结果 outcome", "原因 reason")
    table("释放 Released", headings, rows)
    if any(each.state == "on_the_way" for each in released):
        note("没有进程在运行该处理器。No worker runs that consumer yet: it goes on when one does")
