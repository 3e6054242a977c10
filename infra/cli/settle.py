"""``claims settle``: files of events published and settled, and the summary of what came of them."""

import sys

import typer

from events.money import yuan
from infra.cli.event_files import EventFiles, check_readable, exit_code_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import note, print_json, progress_bar, table
from infra.cli.session import ledger_servers, run
from infra.operations.settle import SettledFiles, settle_files
from policies.vocabulary import in_layer_order
from processors.law.terms import LAYER_NAMES


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(settle)


def settle(files: EventFiles, data_dir: DataDir = None, json: Json = False) -> None:
    """结算：发送事件并处理完毕，打印汇总。Publish events, process them until nothing is in flight, print a summary."""
    settings = settings_of(data_dir)
    check_readable(files)

    async def main() -> int:
        async with ledger_servers(settings, "settle", nats=True) as endpoints:
            with progress_bar() as report:
                settled = await settle_files(endpoints, settings, files, report)
        print_summary(settled, json=json)
        return exit_code_of(settled.published)

    sys.exit(run(main))


def print_summary(settled: SettledFiles, *, json: bool) -> None:
    """The summary of docs/contract.md#summary."""
    summary = settled.summary
    counts = {
        name: getattr(summary, name)
        for name in ("events", "accepted", "duplicates", "refused", "waiting", "parked", "claims")
    }
    money = {"total": summary.total, "patient_share": summary.patient_share, "hospital_share": summary.hospital_share}
    if json:
        print_json(
            [
                counts
                | {"total": yuan(summary.total), "paid": {layer: yuan(fen) for layer, fen in summary.paid.items()}}
                | {name: yuan(fen) for name, fen in money.items() if name != "total"}
                | {"grants": yuan(summary.grants), "seconds": round(settled.seconds, 3)}
            ]
        )
        return
    names = {
        "events": "事件 events",
        "accepted": "受理 accepted",
        "duplicates": "重复 duplicates",
        "refused": "拒收 refused",
        "waiting": "等待入院登记 waiting",
        "parked": "挂起 parked",
        "claims": "有效结算单 standing claims",
    }
    rows = [(names[name], str(count)) for name, count in counts.items()]
    rows.append(("费用总额 total, 元", yuan(summary.total)))
    rows += [(f"{LAYER_NAMES[layer]} {layer}, 元", yuan(summary.paid[layer])) for layer in in_layer_order(summary.paid)]
    rows += [
        ("个人负担 patient share, 元", yuan(summary.patient_share)),
        ("医院承担 hospital share, 元", yuan(summary.hospital_share)),
        ("补助 grants, 元", yuan(summary.grants)),
        ("用时 seconds", f"{settled.seconds:.1f}"),
    ]
    hints = (("refused", "claims refusals"), ("waiting", "claims waiting"), ("parked", "claims parked"))
    table("结算汇总 Summary（本次文件 of these files）", ("项目 item", "数值 value"), rows, right=(1,))
    for name, command in hints:
        if counts[name]:
            note(f"{names[name]}: {counts[name]} → {command}")
