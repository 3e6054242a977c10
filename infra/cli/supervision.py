"""``claims supervision``: the texts of supervision's parameters, adopted with their reason and who approved them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.arguments import Actor, actor_of, day_of, id_of, region_of, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.options import DataDir, Json
from infra.cli.output import fail, print_json, stdout, table
from infra.words.evidence import rule_named, word, worded
from policies.explain import GRADES
from policies.supervision.text import (
    SupervisionHistory,
    SupervisionText,
    SupervisionTextError,
    built_in,
    cited_sections,
    load_supervision,
)
from policies.supervision.values import SEVERITY_NAMES, RuleTerms
from policies.yaml_text import MOST_BYTES
from processors.supervision.adoption import AdoptedSupervision, adopt_supervision, adopted_texts

supervision = typer.Typer(
    no_args_is_help=True, help="监管参数：采用、查看、沿革。Parameters of supervision, with sources."
)

HISTORY_COLUMNS = (
    *("号 number", "标题 title", "名称版次 version", "起始 in force from", "统筹区 regions", "经办 actor"),
    *("批准 approver", "理由 reason", "采用 adopted", "哈希 hash"),
)
TextFile = Annotated[Path, typer.Argument(help="参数文本 file.yaml", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(supervision, name="supervision")


def text_of(file: Path) -> SupervisionText:
    """The text of a file; tells what is wrong with it and exits, with 1 where it can't be used."""
    if not file.is_file():
        fail(f"没有文件 {file}。There is no file {file}")
        sys.exit(2)
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    try:
        return load_supervision(content, str(file))
    except SupervisionTextError as error:
        for problem in error.problems:
            fail(problem)
        sys.exit(1)


@supervision.command()
def adopt(
    file: TextFile,
    actor: Actor,
    approver: Annotated[str, typer.Option("--approver", help="批准人，须为另一人 who approved it, another person")],
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """采用参数文本：自其起始日的业务起适用；先用 claims leads trial 试算。Adopt a text; try it on history first."""
    text = text_of(file)
    who, by, why = actor_of(actor), id_of(approver, "--approver"), words_of(reason, "--reason")
    done = run_step(data_dir, lambda engine: adopt_supervision(engine, text, who, by, why))
    print_result(_told(done), f"已采用 adopted: {text.name} 第 {text.version} 版 {text.content_hash}", json=json)


@supervision.command()
def show(
    day: Annotated[
        str | None, typer.Option("--on", help="业务日期，默认最新 day of service, the latest if none")
    ] = None,
    region: Annotated[str, typer.Option("--region", help="统筹区 region")] = "000000",
    file: Annotated[Path | None, typer.Option("--file", help="看文件而非账本 a file instead of the ledger's")] = None,
    source: Annotated[bool, typer.Option("--text", help="输出全文，可改后采用 the text itself, to change")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """在用参数的全部数值及出处。Every value in force on a day, with its grade and source."""
    on = None if day is None else day_of(day, "--on")
    if region != "000000":
        region_of(region)
    if file is not None:
        text = text_of(file)
    else:

        async def step(engine: AsyncEngine) -> SupervisionText:
            async with engine.connect() as connection:
                texts = [each.text for each in await adopted_texts(connection)]
            latest = on or max((each.in_force_from for each in texts), default=built_in().in_force_from)
            return SupervisionHistory(texts).in_force(latest, region)

        text = run_step(data_dir, step)
    if source:
        sys.stdout.write(text.text.decode())
    elif json:
        print_json([_described(text)])
    else:
        _print_text(text)


@supervision.command()
def history(data_dir: DataDir = None, json: Json = False) -> None:
    """沿革：采用过的文本，经办、批准、理由。Every text that was adopted: who entered and approved it, and why."""

    async def step(engine: AsyncEngine) -> list[AdoptedSupervision]:
        async with engine.connect() as connection:
            return await adopted_texts(connection)

    found = run_step(data_dir, step)
    if json:
        print_json(_told(each) for each in found)
        return
    rows = [
        (
            str(each.number),
            each.text.title,
            f"{each.text.name} {each.text.version}",
            str(each.text.in_force_from),
            "、".join(each.text.regions) or "全部 all",
            each.actor,
            each.approver,
            each.reason,
            f"{each.recorded_at.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}",
            each.text.content_hash[:16],
        )
        for each in found
    ]
    table("监管参数沿革 Texts adopted", HISTORY_COLUMNS, rows, right=(0,))
    if not found:
        stdout.print("从未采用，内置参数有效 none was adopted: the built-in text holds", highlight=False)


def _told(adopted: AdoptedSupervision) -> dict[str, Any]:
    text = adopted.text
    return {
        "number": adopted.number,
        "name": text.name,
        "version": text.version,
        "title": text.title,
        "regions": list(text.regions),
        "in_force_from": text.in_force_from.isoformat(),
        "hash": text.content_hash,
        "actor": adopted.actor,
        "approver": adopted.approver,
        "reason": adopted.reason,
        "adopted_at": adopted.recorded_at.isoformat(),
    }


def _described(text: SupervisionText) -> dict[str, Any]:
    head = {"name": text.name, "version": text.version, "title": text.title, "document": text.document}
    head |= {"in_force_from": text.in_force_from.isoformat(), "regions": list(text.regions), "hash": text.content_hash}
    described: dict[str, Any] = {}
    for section, item, part in cited_sections(text):
        own: dict[str, Any] = {}
        if isinstance(part, RuleTerms):
            own = {"version": part.version, "used": part.used, "severity": part.severity, "clause": part.clause}
        own["values"] = part.described()
        described.setdefault(section, {})[item] = own
    return head | described


def _print_text(text: SupervisionText) -> None:
    regions = "、".join(text.regions) or "全部 all"
    stdout.print(f"[bold]{text.title}[/] {text.name} 第 {text.version} 版 · {text.document}", highlight=False)
    stdout.print(
        f"自 from {text.in_force_from}；统筹区 regions: {regions}；sha256 {text.content_hash}", highlight=False
    )
    for section, item, part in cited_sections(text):
        title = f"{section} {rule_named(item) if section == 'rules' else item}"
        if isinstance(part, RuleTerms):
            used = "" if part.used else "（停用 not used）"
            title = f"{rule_named(item)} 第 {part.version} 版 · {SEVERITY_NAMES[part.severity]} · {part.clause}{used}"
        rows = [
            (word(name), worded(each["value"]), GRADES.get(each["grade"], each["grade"]), each["cite"])
            for name, each in part.described().items()
        ]
        if rows:
            table(title, ("参数 name", "数值 value", "等级 grade", "出处 source"), rows)
        else:
            stdout.print(title, highlight=False, soft_wrap=True)
