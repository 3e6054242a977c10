"""``claims replay`` and ``claims verify``."""

import sys
from datetime import date, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape

from events.codes import CATEGORY_NAMES, LAYER_NAMES, SETTING_NAMES
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, stdout, table
from infra.cli.premium_text import premium_line
from infra.cli.session import ledger_servers, reading, require_ledger, run
from infra.cli.uplift_text import uplift_text
from infra.postgres.engine import migrate
from infra.worker.proof_workers import prove
from policies.explain import line
from processors.person.replay import COUNTY_TIME
from processors.person.replay import replay as tell
from processors.proof.verify import VerifyReport

_COUNTERPARTIES = {
    None: "",
    "person": "，差额与个人结算 settled with the person",
    "hospital": "，差额与医院结算 settled with the hospital",
}
_TIERS = ("乡镇卫生院 tier 0", "一级 tier 1", "二级 tier 2", "三级 tier 3")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(replay)
    app.command()(verify)


def replay(
    person: Annotated[str, typer.Argument(help="参保人编号 person_id")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="当时所知 what was known at a time, 2019-05-06T10:00 (Asia/Shanghai)")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="某日情况 what held on a day, 2019-05-06")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """复核：一人的全部经过、依据和算式。A person's history: each decision with its clauses and arithmetic."""
    moment, day = _moment(as_of), _day(on)

    async def main() -> int:
        async with reading(settings_of(data_dir), "replay") as engine:
            told = await tell(engine, person, moment, day)
        if not told["history"]:
            then = ("当时", " then") if moment else ("", "")
            fail(f"账本{then[0]}没有参保人 {person}。 No such person in the ledger{then[1]}")
            return 2
        if json:
            print_json([told])
        else:
            print_replay(told)
        return 1 if told["consistent"] is False else 0

    sys.exit(run(main))


def verify(data_dir: DataDir = None, json: Json = False) -> None:
    """验账：证明账本完整、平衡、可重算。Prove the books: chains, balance, sums, convergence."""

    async def main() -> int:
        settings = settings_of(data_dir)
        require_ledger(settings)
        async with ledger_servers(settings, "verify", nats=False) as endpoints:
            await migrate(endpoints.database_url)
            report = await prove(endpoints.database_url)
        if json:
            print_json([report.as_json()])
        else:
            print_verdict(report)
        return 0 if report.holds else 1

    sys.exit(run(main))


def print_replay(told: dict[str, Any]) -> None:
    """A replay for people: every entry in order, then how things stand, then whether the books agree."""
    _say(f"[bold]参保人 person {told['person_id']}[/] · 截至 as of {_local(told['as_of'])} +08:00")
    for entry in told["history"] if told["on"] is None else ():
        _say(f"\n[dim]{_local(entry['recorded_at'])} {entry['journal']} #{entry['number']}[/] [bold]{entry['type']}[/]")
        for text in _entry_lines(entry):
            _say(f"  {text}")
    held = "、".join(CATEGORY_NAMES[category] for category in told["categories"]) or "—"
    _say(f"\n{told['on'] or _local(told['as_of'])[:10]} 类别 categories held: {held}\n")
    stood = [
        (
            *(row["claim_id"], row["date"], row["status"], str(row["revision"]), row["total"], row["patient_share"]),
            uplift_text(told["uplift"].get(row["claim_id"])),
        )
        for row in told["statements"]
    ]
    headings = ("结算单 claim", "日期 date", "状态 status", "版次 rev", "总额 total", "个人 patient", "倾斜 uplift")
    table("结算单 Statements（元 yuan）", headings, stood, right=(3, 4, 5))
    rows = [
        (str(row["year"]), LAYER_NAMES[row["layer"]], row["base"], row["deductible"], row["paid"], str(row["claims"]))
        for row in told["accumulations"]
    ]
    columns = ("年度 year", "保障线 layer", "基数 base", "起付线 deductible", "支付 paid", "人次 claims")
    table("年度累计 Accumulations（元 yuan）", columns, rows, right=(2, 3, 4, 5))
    _print_consistency(told)


def print_verdict(report: VerifyReport) -> None:
    """What was checked, and whether the books hold."""
    counts = {
        "账目 entries": report.entries,
        "账册 journals": report.journals,
        "政策 schemes": report.schemes,
        "封账 seals": report.seals,
        "参保人 persons": report.persons,
        "在途跳过 skipped, in flight": report.skipped,
        "结算单 claims": report.claims,
        "累计 accumulations": report.accumulations,
        "补助 grants": report.grants,
        "清算 clearings": report.clearings,
        "保费 premiums": report.premiums,
    }
    table("验账 Verification", ("已检查 checked", "数量 count"), [(k, str(v)) for k, v in counts.items()], right=(1,))
    if report.holds:
        stdout.print("[bold green]账实相符 the books hold[/]")
        return
    for problem in report.problems:
        fail(f"{problem.check}: {problem.where}: expected {problem.expected}, found {problem.found}")
    fail(f"账实不符 the books do not hold: {report.found} problems")


def _entry_lines(entry: dict[str, Any]) -> list[str]:
    if "claim" in entry:
        return _acceptance_lines(entry["claim"])
    if "trace" in entry:
        return _payout_lines(entry)
    if "statement" in entry:
        return [*_cause(entry), _statement_line(entry["statement"])]
    if "premium" in entry:
        return [*_cause(entry), premium_line(entry)]
    if "grant" in entry:
        grant = entry["grant"]
        return [*_cause(entry), f"补助 grant {grant['grant']} {grant['year'] or ''}: {entry['booked']}"]
    said = f"{entry['source']} {entry['id']}" + (f" · 经办 actor {entry['actor']}" if entry.get("actor") else "")
    return [said, escape(orjson.dumps(entry["data"]).decode())]


def _acceptance_lines(claim: dict[str, Any]) -> list[str]:
    categories = "、".join(CATEGORY_NAMES[category] for category in claim["categories"]) or "—"
    setting = SETTING_NAMES[claim["setting"]]
    moved = f"，改按现行政策 moved to the text in force, 经办 actor {claim['actor']}" if claim["instead_of"] else ""
    return [
        f"受理 accepted {claim['claim_id']} (#{claim['claim_number']}): {setting} {claim['date']}, "
        f"{_TIERS[claim['tier']]}, {claim['scheme']}, 类别 categories {categories}{moved}"
    ]


def _payout_lines(entry: dict[str, Any]) -> list[str]:
    name = f"{LAYER_NAMES[entry['layer']]} {entry['layer']}"
    used = entry["accumulated"]
    amount = entry["after"] if entry["cause"] is None else f"{entry['before']} → {entry['after']}"
    return [
        *_cause(entry),
        f"{entry['claim_id']} {name}: [bold]{amount}[/] 元 yuan{_COUNTERPARTIES[entry['counterparty']]}",
        *(f"  {escape(line(step))}" for step in entry["trace"]),
        f"  年内累计 accumulated: 支付 paid {used['paid']}, 基数 base {used['base']}",
    ]


def _statement_line(statement: dict[str, Any]) -> str:
    layers = "，".join(f"{LAYER_NAMES[layer['layer']]} {layer['paid']}" for layer in statement["layers"])
    return (
        f"{statement['claim_id']}: 总额 total {statement['total']} = {layers or '0.00'}，"
        f"个人 patient {statement['patient_share']}，医院 hospital {statement['hospital_share']}"
    )


def _cause(entry: dict[str, Any]) -> list[str]:
    cause = entry.get("cause")
    return [f"起因 cause: {cause['type']} {cause['source']} {cause['event_id']}"] if cause else []


def _print_consistency(told: dict[str, Any]) -> None:
    if told["consistent"]:
        stdout.print("[bold green]重算一致 settling from scratch gives what was booked[/]")
    elif told["consistent"] is None:
        stdout.print(f"[yellow]未核对 not compared: {escape(told['skipped'])}[/]")
    else:
        for difference in told["differences"]:
            fail(f"{difference['where']}: expected {difference['expected']}, booked {difference['booked']}")


def _say(text: str) -> None:
    stdout.print(text, highlight=False, soft_wrap=True)


def _local(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M:%S")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time: write 2019-05-06T10:00", param_hint="--as-of") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=COUNTY_TIME)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day: write 2019-05-06", param_hint="--on") from None
