"""``claims resettle``: claims move to their scheme's text in force, on purpose."""

import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from events.money import yuan
from events.national_ids import refuse_national_ids
from infra.cli.arguments import day_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, progress_bar, table
from infra.cli.session import ledger_servers, run
from infra.operations.resettle import OrderRefused
from infra.operations.resettle import resettle as settle_again
from infra.operations.settle import Progress, at_work
from infra.worker.worker import Worker, worker
from policies.vocabulary import in_layer_order
from processors.law.terms import FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.resettlement.order import ChangeEffect, SchemeChange, change_to, persons_touched, preview


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(resettle)


def resettle(
    scheme: Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")],
    from_: Annotated[str, typer.Option("--from", help="自此日期起的结算单 claims dated this day or later")],
    actor: Annotated[str, typer.Option("--actor", help="经办人 who orders it")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只试算 only tell what would change")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """重新结算：按现行政策文本重算旧单。Settle claims again under their scheme's text in force."""
    settings = settings_of(data_dir)
    day = day_of(from_, "--from")
    if not dry_run and not actor.strip():
        raise unusable("须指明经办人；只试算时用 --dry-run", "Who orders it? (or --dry-run)", "--actor")
    refuse_national_ids({"--actor": actor})

    async def main() -> int:
        async with (
            ledger_servers(settings, "resettle", nats=True) as endpoints,
            worker(endpoints.database_url, endpoints.nats_url, settings) as ours,
        ):
            try:
                change = await change_to(ours.engine, scheme, day)
            except LookupError as error:
                fail(str(error))
                return 2
            effect = ChangeEffect()
            with progress_bar() as report:
                async for page in persons_touched(ours.engine, change):
                    await preview(ours.engine, change, [touched.person_id for touched in page], effect)
                    if report is not None:
                        report("试算 foreseeing", effect.claims, effect.claims)
                if not dry_run:
                    shared = not endpoints.owned and settings.external is None
                    try:
                        async with nullcontext() if shared else at_work(ours):
                            await _book(ours, change, actor, effect, report)
                    except OrderRefused as refused:
                        fail(f"未全部改按新文本 not all has moved: {refused}")
                        return 1
        _print(effect, dry_run=dry_run, json=json)
        return 0

    sys.exit(run(main))


async def _book(ours: Worker, change: SchemeChange, actor: str, effect: ChangeEffect, report: Progress | None) -> None:
    def tell(ordered: int) -> None:
        if report is not None:
            report("重新结算 resettling", ordered, max(ordered, effect.claims))

    await settle_again(ours.engine, ours.broker.connection, change, actor, tell)


def _print(effect: ChangeEffect, *, dry_run: bool, json: bool) -> None:
    layers = in_layer_order({*effect.before, *effect.after})
    sides = {layer: (effect.before.get(layer, 0), effect.after.get(layer, 0)) for layer in layers}
    if json:
        moved = {layer: yuan(after - before) for layer, (before, after) in sides.items()}
        told = {"dry_run": dry_run, "claims": effect.claims, "persons": effect.persons, "moved": moved}
        funds = [{**fund.told(), "moved": yuan(amount)} for fund, amount in effect.funds.items() if amount]
        print_json([told | ({"funds": funds} if funds else {})])
        return
    title = "试算（未入账） Dry run, nothing booked" if dry_run else "重新结算 Resettled"
    rows = [
        (f"{LAYER_NAMES[layer]} {layer}", yuan(before), yuan(after), yuan(after - before))
        for layer, (before, after) in sides.items()
    ]
    note(f"结算单 claims: {effect.claims}；金额变动人数 persons whose figures move: {effect.persons}")
    table(title, ("保障线 layer", "原支付 before", "现支付 after", "差额 difference"), rows, right=(1, 2, 3))
    moves = [
        (
            f"{FUND_NAMES[fund.fund]} {fund.fund}",
            INSURER_NAMES[fund.insurer] if fund.insurer else "—",
            yuan(amount),
        )
        for fund, amount in effect.funds.items()
        if amount
    ]
    if moves:
        title = "改由其他基金、承办公司付 Paid by another fund or insurer"
        table(title, ("付款基金 fund", "承办公司 insurer", "差额 difference"), moves, right=(2,))
