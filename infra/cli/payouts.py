"""``claims payouts``: how far payers are told what is booked, and the same told once more."""

import sys
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from infra.access.sources import PAYER, NotASource, Source
from infra.cli.arguments import listed, unknown_fund, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, table
from infra.cli.session import ledger_servers, require_ledger, run
from infra.operations.payouts import payout_state, tell_again
from infra.worker.worker import worker
from processors.law.terms import ledger_terms
from processors.payouts.progress import load_heads


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(payouts)


def payouts(
    from_: Annotated[
        int | None, typer.Option("--from", min=1, help="从各分账的第 N 号起重发 send again from number N", metavar="N")
    ] = None,
    journal: Annotated[str | None, typer.Option(help="只限此分账 of this journal alone, such as basic.0")] = None,
    payer: Annotated[str | None, typer.Option(help="只限此付款方 for this payer alone", metavar="FUND.REGION")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """支付事件：发送进度，或从某号起重发。Payout events: how far they are sent; --from sends them again."""
    settings = settings_of(data_dir)
    if from_ is None and (journal or payer):
        raise unusable("--journal 和 --payer 与 --from 一起使用", "They go with --from", "--from")
    subject = _subject(payer)

    async def main() -> int:
        require_ledger(settings)
        async with AsyncExitStack() as stack:
            endpoints = await stack.enter_async_context(ledger_servers(settings, "payouts", nats=True))
            ours = await stack.enter_async_context(worker(endpoints.database_url, endpoints.nats_url, settings))
            client = ours.broker.connection
            async with ours.engine.connect() as connection:
                journals = sorted((await load_heads(connection)).numbers)
                if from_ is None:
                    state = await payout_state(connection, client)
                    _print_state(state.sequence, state.waiting, json=json)
                    return 0
                known = (await ledger_terms(connection)).funds
            if payer is not None and (problem := unknown_fund(payer.partition(".")[0], known)):
                fail(problem)
                return 2
            if journal is not None and journal not in journals:
                raise unusable(f"没有分账 {journal}，可用的有 {listed(journals)}", "No such journal", "--journal")
            told = await tell_again(ours.engine, client, from_, [journal] if journal else journals, subject)
        _print_again(told, json=json)
        return 0

    sys.exit(run(main))


def _subject(payer: str | None) -> str:
    if payer is None:
        return "claims.payouts."
    try:
        return Source(PAYER, payer).hears.removesuffix("*")
    except NotASource as error:
        raise typer.BadParameter(str(error), param_hint="--payer") from None


def _print_state(sequence: int, waiting: int, *, json: bool) -> None:
    if json:
        print_json([{"sequence": sequence, "waiting": waiting}])
        return
    rows = [("已发消息序号 last sequence of PAYOUTS", str(sequence)), ("待发 bookings waiting", str(waiting))]
    table("支付事件 Payout events", ("项目 item", "数值 value"), rows, right=(1,))
    if waiting:
        note("由 claims up 发送 `claims up` sends them")


def _print_again(told: int, *, json: bool) -> None:
    if json:
        print_json([{"sent_again": told}])
    else:
        note(
            f"已重发 {told} 条，编号不变，收过的可按编号略去。"
            f"Sent {told} again under their ids: readers drop those that they have"
        )
