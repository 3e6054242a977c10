"""``claims replay``."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from events.catalog import Fact
from events.county_time import COUNTY_TIME
from events.money import yuan
from infra.cli.arguments import day_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, stdout, table
from infra.cli.session import reading, run
from infra.cli.uplift_text import uplift_text
from infra.words.premiums import premium_line
from policies.engine import Schemes
from policies.explain import STEP_NOTES, line, render
from processors.law.terms import CATEGORY_NAMES, LAYER_NAMES, SETTING_NAMES
from processors.person.history import (
    AcceptanceEntry,
    BookedCause,
    FactEntry,
    GrantEntry,
    HistoryEntry,
    PayoutEntry,
    PersonHistory,
    PremiumEntry,
    StatementEntry,
)
from processors.person.replay import load_history
from processors.person.replay_json import replay_json
from processors.person.statement import Statement
from processors.person.status import status_of
from processors.pipeline.claim_history import Acceptance
from processors.queries.uplift import uplifts_of

_COUNTERPARTIES = {
    None: "",
    "person": "，差额与个人结算 settled with the person",
    "hospital": "，差额与医院结算 settled with the hospital",
}
_STATUSES = {"settled": "已结算 settled", "reversed": "已冲正 reversed"}
_TIERS = ("乡镇卫生院 tier 0", "一级 tier 1", "二级 tier 2", "三级 tier 3")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


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
            history = await load_history(engine, person, moment, day)
        if not history.entries:
            then = ("当时", " then") if moment else ("", "")
            fail(f"账本{then[0]}没有参保人 {person}。 No such person in the ledger{then[1]}")
            return 2
        if json:
            print_json([replay_json(history)])
        else:
            print_replay(history)
        return 1 if history.consistent is False else 0

    sys.exit(run(main))


def print_replay(history: PersonHistory) -> None:
    """A replay for people: every entry in order, then statements and accumulations, then whether the books agree."""
    _say(f"[bold]参保人 person {history.person_id}[/] · 截至 as of {_local(history.as_of)} +08:00")
    for entry in history.entries if history.on is None else ():
        _say(f"\n[dim]{_local(entry.recorded_at)} {entry.journal} #{entry.number}[/] [bold]{entry.type}[/]")
        for text in _entry_lines(entry, history.schemes):
            _say(f"  {text}")
    _say(f"\n{history.on or _local(history.as_of)[:10]} 类别 categories held: {_categories(history.categories)}\n")
    _print_statements(history)
    _print_accumulations(history)
    _print_consistency(history)


def _print_statements(history: PersonHistory) -> None:
    uplifts = uplifts_of(history.claims, history.schemes)
    died_on = status_of(history).died_on
    rows = [
        (
            statement.claim_id,
            statement.date.isoformat(),
            _status(statement, died_on),
            str(statement.revision),
            yuan(statement.total),
            yuan(statement.patient_share),
            uplift_text(uplifts.get(statement.claim_id)),
        )
        for statement in history.statements
    ]
    headings = ("结算单 claim", "日期 date", "状态 status", "版次 rev", "总额 total", "个人 patient", "倾斜 uplift")
    table("结算单 Statements（元 yuan）", headings, rows, right=(3, 4, 5))


def _status(statement: Statement, died_on: date | None) -> str:
    status = _STATUSES[statement.status]
    return f"{status}，死亡之后 after death" if died_on is not None and statement.date > died_on else status


def _print_accumulations(history: PersonHistory) -> None:
    rows = [
        (str(year), LAYER_NAMES[layer], yuan(used.base), yuan(used.deductible), yuan(used.paid), str(used.claims))
        for (year, _, layer), used in history.counted()
    ]
    columns = ("年度 year", "保障线 layer", "基数 base", "起付线 deductible", "支付 paid", "人次 claims")
    table("年度累计 Accumulations（元 yuan）", columns, rows, right=(2, 3, 4, 5))


def _entry_lines(entry: HistoryEntry, schemes: Schemes) -> list[str]:
    match entry:
        case AcceptanceEntry():
            return [_acceptance_line(entry.acceptance, schemes)]
        case PayoutEntry():
            return [*_cause(entry.cause), *_payout_lines(entry, schemes)]
        case StatementEntry():
            return [*_cause(entry.cause), _statement_line(entry.statement), *_window_lines(entry.due_at_window)]
        case PremiumEntry():
            return [*_cause(entry.cause), premium_line(entry)]
        case GrantEntry():
            grant = entry.grant
            return [*_cause(entry.cause), f"补助 grant {grant.kind} {grant.year or ''}: {yuan(entry.booked)}"]
        case FactEntry():
            return _fact_lines(entry.fact)
        case _:
            raise TypeError(f"{type(entry).__name__} is no entry of a person's history")


def _fact_lines(fact: Fact) -> list[str]:
    actor = fact.extensions.get("actor")
    sender = f"{fact.source} {fact.id}" + (f" · 经办 actor {actor}" if actor else "")
    return [escape(sender), escape(orjson.dumps(fact.data.model_dump(mode="json", exclude_none=True)).decode())]


def _acceptance_line(acceptance: Acceptance, schemes: Schemes) -> str:
    claim = acceptance.claim
    referred = f"，转自 referred from {claim.referral[0]}" if claim.referral else ""
    order = (
        f"，改按现行政策 moved to the text in force, 经办 actor {escape(acceptance.actor or '—')}"
        if acceptance.instead_of
        else ""
    )
    paper = f"，窗口手工报销 on paper, 票据 invoice {claim.invoice}" if claim.invoice else ""
    return (
        f"受理 accepted {claim.claim_id} (#{claim.number}): {SETTING_NAMES[claim.setting]} {claim.date}, "
        f"{_TIERS[claim.tier]}, {schemes[claim.scheme].name}, "
        f"类别 categories {_categories(claim.categories)}{referred}{paper}{order}"
    )


def _payout_lines(entry: PayoutEntry, schemes: Schemes) -> list[str]:
    used = entry.accumulated
    amount = yuan(entry.after) if entry.cause is None else f"{yuan(entry.before)} → {yuan(entry.after)}"
    payer = f"（付款方 paid by {escape(entry.payer)}）" if entry.payer else ""
    name = f"{LAYER_NAMES[entry.layer]} {entry.layer}{payer}"
    stays = entry.cause is not None and entry.before == entry.after
    party = "，金额未变 the amount stays" if stays else _COUNTERPARTIES[entry.counterparty]
    return [
        f"{entry.claim_id} {name}: [bold]{amount}[/] 元 yuan{party}",
        *(f"  {escape(text)}" for text in _trace_lines(render(schemes[entry.scheme_hash], entry.trace))),
        f"  年内累计 accumulated: 支付 paid {yuan(used.paid)}, 基数 base {yuan(used.base)}",
    ]


def _trace_lines(rendered: Iterable[Mapping[str, str]]) -> Iterator[str]:
    for step in rendered:
        yield line(step)
        if (note := STEP_NOTES.get(step.get("label", ""))) is not None:
            yield f"  {note[0]}。{note[1]}"


def _statement_line(statement: Statement) -> str:
    layers = "，".join(f"{LAYER_NAMES[layer]} {yuan(paid)}" for layer, paid in statement.layers)
    return (
        f"{statement.claim_id}: 总额 total {yuan(statement.total)} = {layers or '0.00'}，"
        f"个人 patient {yuan(statement.patient_share)}，医院 hospital {yuan(statement.hospital_share)}"
    )


def _window_lines(due: int | None) -> list[str]:
    if not due:
        return []
    told = "窗口应补 the person pays at the hospital" if due > 0 else "窗口应退 the hospital gives back to the person"
    return [f"{told}: {yuan(abs(due))} 元 yuan"]


def _cause(cause: BookedCause | None) -> list[str]:
    return [f"起因 cause: {cause.type} {cause.source} {cause.event_id}"] if cause else []


def _categories(held: Iterable[str]) -> str:
    return "、".join(CATEGORY_NAMES[category] for category in held) or "—"


def _print_consistency(history: PersonHistory) -> None:
    if history.consistent:
        stdout.print("[bold green]重算一致 settling from scratch gives what was booked[/]")
    elif history.skipped is not None:
        stdout.print(f"[yellow]未核对 not compared: {escape(history.skipped)}[/]")
    else:
        for difference in history.differences:
            fail(f"{difference.where}: 应为 expected {difference.expected}，入账 booked {difference.booked}")


def _say(text: str) -> None:
    stdout.print(text, highlight=False, soft_wrap=True)


def _local(moment: datetime) -> str:
    return moment.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M:%S")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise unusable(
            f"“{text}”不是时间，应写成 2019-05-06T10:00", f"{text} is no time: write 2019-05-06T10:00", "--as-of"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=COUNTY_TIME)


def _day(text: str | None) -> date | None:
    return None if text is None else day_of(text, "--on")
